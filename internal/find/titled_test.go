package find

import (
	"slices"
	"testing"
)

func TestTitlesAreFoundWhateverTheirLetters(t *testing.T) {
	all := []string{"Музыка", "Музыка для всех", "Zoe\u0308s Klasse", "Klasse 5"}
	for _, of := range []struct {
		wanted string
		want   []string
	}{
		{"музыка", []string{"Музыка"}},
		{"ДЛЯ  всех", []string{"Музыка для всех"}},
		{"ZO\u00cb", []string{"Zoe\u0308s Klasse"}},
		{"klasse", []string{"Zoe\u0308s Klasse", "Klasse 5"}},
		{"\u200b", []string{}},
		{"%", []string{}},
	} {
		if found := titled(all, of.wanted); !slices.Equal(found, of.want) {
			t.Errorf("%q found %q, not %q", of.wanted, found, of.want)
		}
	}
}
