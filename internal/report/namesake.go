package report

import (
	"slices"

	"github.com/rollcall-etl/rollcall/internal/alike"
)

// called is how somebody is shown: a name and, below it, ids. There are as many ids
// as it takes to tell namesakes apart.
type called struct {
	Shown    string
	Idents   []string
	namesake bool
}

// calledBy gives how to show people of these names, custom ids and ids, in the order
// in which they come.
func calledBy(n int, of func(int) (name, custom, id string)) []called {
	all := make([]called, n)
	names, customs := map[string]int{}, map[[2]string]int{}
	keys := make([]string, n)
	for i := range all {
		name, custom, id := of(i)
		all[i].Shown = nameOf(name, custom, id)
		keys[i] = alike.Key(all[i].Shown)
		names[keys[i]]++
		customs[[2]string{keys[i], custom}]++
	}
	for i := range all {
		_, custom, id := of(i)
		c := &all[i]
		c.namesake = names[keys[i]] > 1
		for _, ident := range []string{custom, id} {
			useful := ident == custom || c.namesake && (custom == "" || customs[[2]string{keys[i], custom}] > 1)
			if ident != "" && useful && !slices.Contains(c.Idents, clean(ident)) {
				c.Idents = append(c.Idents, clean(ident))
			}
		}
	}
	return all
}

// Lengths of a chart's label for one of several namesakes, in characters.
const (
	labelName  = 16
	labelIdent = 10
)

// label gives the name for a chart, with the end of an id where others have the same
// name.
func (c called) label() string {
	if !c.namesake || len(c.Idents) == 0 {
		return labelOf(c.Shown)
	}
	name, ident := []rune(c.Shown), []rune(c.Idents[len(c.Idents)-1])
	if len(name) > labelName {
		name = append(name[:labelName-1:labelName-1], '…')
	}
	if len(ident) > labelIdent {
		ident = append([]rune{'…'}, ident[len(ident)-labelIdent+1:]...)
	}
	return labelOf(string(name) + " (" + string(ident) + ")")
}
