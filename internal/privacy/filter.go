package privacy

import "github.com/rollcall-etl/rollcall/internal/model"

// Mode says what becomes of a person's records.
type Mode uint8

// Modes, the stricter the greater. Keep is the zero value.
const (
	Keep Mode = iota
	Pseudonymise
	Remove
)

// String gives the mode as the books write it.
func (m Mode) String() string {
	switch m {
	case Pseudonymise:
		return "pseudonymise"
	case Remove:
		return "remove"
	}
	return "keep"
}

// ParseMode reads what String wrote.
func ParseMode(text string) Mode {
	for _, m := range []Mode{Pseudonymise, Remove} {
		if m.String() == text {
			return m
		}
	}
	return Keep
}

// Suppression is one identifier that must not be stored again.
type Suppression struct {
	Hash  Hash
	AppID string // the only app in which it counts; empty for all
	Mode  Mode
}

// Filter takes erased people out of records, and names where that is wanted. A
// nil Filter lets everything through. Safe for concurrent use.
type Filter struct {
	// Generation is the state of the books that the filter was made of.
	Generation int64

	key   *Key
	names bool
	list  map[Hash]rule
}

type rule struct {
	all  Mode
	apps map[string]Mode // nil for none
}

// NewFilter gives a filter. key may be nil where there is nothing to look up:
// no suppressions, and names stay.
func NewFilter(key *Key, generation int64, names bool, suppressions []Suppression) *Filter {
	f := &Filter{Generation: generation, key: key, names: names, list: make(map[Hash]rule, len(suppressions))}
	for _, s := range suppressions {
		r := f.list[s.Hash]
		if s.AppID == "" {
			r.all = max(r.all, s.Mode)
		} else {
			if r.apps == nil {
				r.apps = make(map[string]Mode)
			}
			r.apps[s.AppID] = max(r.apps[s.AppID], s.Mode)
		}
		f.list[s.Hash] = r
	}
	return f
}

// Names reports whether display names are replaced.
func (f *Filter) Names() bool { return f != nil && f.names }

// idle reports whether there is nothing to do.
func (f *Filter) idle() bool { return f == nil || !f.names && len(f.list) == 0 }

// mode looks an identifier up; no value is nobody's.
func (f *Filter) mode(appID string, kind Kind, value string) Mode {
	if value == "" || len(f.list) == 0 {
		return Keep
	}
	r, ok := f.list[f.key.Identifier(kind, value)]
	if !ok {
		return Keep
	}
	return max(r.all, r.apps[appID])
}

// Erased is a participant of somebody on the list, by the id that the API gives.
type Erased struct {
	ID   model.UUID
	Mode Mode
}

// Taken tells what Page did. The zero value is that of nothing.
type Taken struct {
	Participants int          // taken out, those of rejected records included
	Aside        []model.UUID // under which those of dropped rejected records may be stored
	People       []Erased     // taken out or pseudonymised, rejected records included
}

// Page takes the people of one page of an app's session out, or their
// identifiers. It changes the page's records in place.
func (f *Filter) Page(appID string, page *model.ParticipantPage) (taken Taken) {
	if f.idle() {
		return taken
	}
	of := make(map[model.UUID]Mode) // participants of the page that are on the list
	kept := page.Participants[:0]
	for i := range page.Participants {
		p := &page.Participants[i]
		mode := f.participantMode(appID, p)
		if mode != Keep {
			of[p.ID] = mode
			taken.People = append(taken.People, Erased{p.ID, mode})
		}
		switch mode {
		case Remove:
			taken.Participants++
			continue
		case Pseudonymise:
			f.key.PseudonymiseParticipant(p)
		case Keep:
			f.tidyParticipant(appID, p)
		}
		kept = append(kept, *p)
	}
	page.Participants = kept
	page.Events = f.events(appID, page.Events, of)
	var dropped []Erased
	page.Rejected, dropped = f.rejected(page.Rejected, of)
	for _, p := range dropped {
		taken.Participants++
		taken.Aside = append(taken.Aside, f.key.PseudonymUUID(p.ID)) // zero where it has none
		taken.People = append(taken.People, p)
	}
	return taken
}

func (f *Filter) participantMode(appID string, p *model.Participant) Mode {
	if len(f.list) == 0 {
		return Keep
	}
	return max(f.mode(appID, UserID, p.UserID), f.mode(appID, CustomID, p.CustomParticipantID),
		f.mode(appID, ParticipantID, p.ID.String()))
}

func (f *Filter) personMode(appID string, p *model.MeetingParticipant) Mode {
	return max(f.mode(appID, UserID, p.ID), f.mode(appID, CustomID, p.CustomParticipantID))
}

// PeopleOf gives the ids of those enrolled people who are on the list; nil for none.
func (f *Filter) PeopleOf(appID string, people []model.MeetingParticipant) (ids map[Mode][]string) {
	if f.idle() {
		return nil
	}
	for i := range people {
		if mode := f.personMode(appID, &people[i]); mode != Keep {
			if ids == nil {
				ids = make(map[Mode][]string)
			}
			ids[mode] = append(ids[mode], people[i].ID)
		}
	}
	return ids
}

// events treats events as their participants. An event that comes alone, as a
// rejected one that is tried again does, is looked up by its participant's id.
func (f *Filter) events(appID string, events []model.PeerEvent, of map[model.UUID]Mode) []model.PeerEvent {
	kept := events[:0]
	var peer, stored string // the latest, and what is stored of it: events come in rows of one peer
	for i := range events {
		e := &events[i]
		mode, known := of[e.ParticipantID]
		if !known && i > 0 && e.ParticipantID == events[i-1].ParticipantID {
			mode = Keep // looked up already
		} else if !known {
			mode = f.mode(appID, ParticipantID, e.ParticipantID.String())
			if mode != Keep {
				of[e.ParticipantID] = mode
			}
		}
		switch mode {
		case Remove:
			continue
		case Pseudonymise:
			f.key.PseudonymiseEvent(e)
		case Keep:
			e.Extra = f.tidyExtra(appID, e.Extra)
			if e.PeerID != peer {
				peer, stored = e.PeerID, f.peer(appID, e.PeerID)
			}
			e.PeerID = stored
		}
		kept = append(kept, *e)
	}
	return kept
}

// peer gives what to store of the peer that somebody else's event names.
func (f *Filter) peer(appID, id string) string {
	switch f.mode(appID, ParticipantID, id) {
	case Remove:
		return ""
	case Pseudonymise:
		return f.key.pseudonymPeer(id)
	}
	return id
}

// People takes erased people out of those enrolled in a meeting, or puts
// pseudonyms in their place. It changes the records in place.
func (f *Filter) People(appID string, people []model.MeetingParticipant) []model.MeetingParticipant {
	if f.idle() {
		return people
	}
	kept := people[:0]
	for i := range people {
		p := &people[i]
		switch f.personMode(appID, p) {
		case Remove:
			continue
		case Pseudonymise:
			f.key.PseudonymisePerson(p)
		case Keep:
			p.Extra = f.tidyExtra(appID, p.Extra)
			if f.names {
				p.DisplayName, p.Repairs = f.key.Name(p.DisplayName), withoutName(p.Repairs)
			}
		}
		kept = append(kept, *p)
	}
	return kept
}

// Listed adds to the ids that a list of enrolled people named the pseudonyms
// under which some of them may be stored.
func (f *Filter) Listed(ids []string) []string {
	if f.idle() || len(f.list) == 0 {
		return ids
	}
	out := append([]string{}, ids...)
	for _, id := range ids {
		out = append(out, f.key.Pseudonym(UserID, id))
	}
	return out
}

// TakeName replaces a participant's name where names are not wanted, and takes
// out of its unknown fields what may be one.
func (f *Filter) TakeName(p *model.Participant) { f.tidyParticipant("", p) }

func (f *Filter) tidyParticipant(appID string, p *model.Participant) {
	p.Extra = f.tidyExtra(appID, p.Extra)
	if f.names {
		p.DisplayName, p.Repairs = f.key.Name(p.DisplayName), withoutName(p.Repairs)
	}
}
