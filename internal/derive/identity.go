package derive

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/rollcall-etl/rollcall/internal/privacy"
)

// Identity says who a participant is: a row of analytics.settings. The zero value is
// that of an app without one. It does what the function analytics.person_of does.
type Identity struct {
	ByUser         bool     // user_id before custom_participant_id
	Nobody         []string // ids that are nobody's; nil for the usual ones
	MachinePresets []string // nil for the usual ones
	MachineNames   []string
}

var (
	usualNobody   = []string{"guest", "recorder"}
	usualMachines = []string{"recorder", "bot"}
)

// person gives who a participant is, and nothing for a machine.
func (i *Identity) person(p *Participant) string {
	if i.isMachine(p) {
		return ""
	}
	first, second := p.CustomID, p.UserID
	if i.ByUser {
		first, second = second, first
	}
	if i.isNobody(first) {
		first = ""
	}
	if i.isNobody(second) {
		second = ""
	}
	if id := cmp.Or(first, second); id != "" {
		return id
	}
	return p.ID.String()
}

func (i *Identity) isNobody(id string) bool {
	if i.Nobody == nil {
		return slices.Contains(usualNobody, id)
	}
	return slices.Contains(i.Nobody, id)
}

func (i *Identity) isMachine(p *Participant) bool {
	presets := i.MachinePresets
	if presets == nil {
		presets = usualMachines
	}
	return p.Preset != "" && slices.Contains(presets, p.Preset) || p.Name != "" && slices.Contains(i.MachineNames, p.Name)
}

// underSeveralNames reports whether a person was inside twice at once, each time under
// another name.
func underSeveralNames(visits []visit) bool {
	name := func(v visit) string {
		if privacy.IsHashed(v.who.Name) {
			return "" // of which nobody can tell whose it stands for
		}
		name, _, _ := strings.Cut(v.who.Name, " (") // (phone) is no name
		return norm.NFC.String(strings.Trim(name, " "))
	}
	named := slices.DeleteFunc(slices.Clone(visits), func(v visit) bool { return name(v) == "" })
	slices.SortFunc(named, func(a, b visit) int { return strings.Compare(name(a), name(b)) })
	var all, own []Span
	var byName Time
	for i, v := range named {
		own = append(own, Span{v.JoinedAt, v.LeftAt})
		if i+1 < len(named) && name(named[i+1]) == name(v) {
			continue
		}
		own = Merged(own)
		byName += length(own)
		all = append(all, own...)
		own = own[:0]
	}
	return byName > length(Merged(all))
}
