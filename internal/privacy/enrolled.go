package privacy

import "github.com/rollcall-etl/rollcall/internal/model"

// People takes erased people out of those enrolled in a meeting, or puts
// pseudonyms in their place. It changes the records in place. It gives those
// to store, and by mode the ids of those who are on the list.
func (f *Filter) People(appID string, people []model.MeetingParticipant) (kept []model.MeetingParticipant, listed map[Mode][]string) {
	if f.idle() {
		return people, nil
	}
	listed = make(map[Mode][]string)
	kept = sift(people, func(p *model.MeetingParticipant) bool {
		mode := max(f.mode(appID, UserID, p.ID), f.mode(appID, CustomID, p.CustomParticipantID))
		if mode != Keep {
			listed[mode] = append(listed[mode], p.ID)
		}
		switch mode {
		case Remove:
			return false
		case Pseudonymise:
			f.key.PseudonymisePerson(p)
		case Keep:
			f.tidyPerson(appID, &p.DisplayName, &p.Provenance)
		}
		return true
	})
	return kept, listed
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
