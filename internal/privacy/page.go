package privacy

import "github.com/rollcall-etl/rollcall/internal/model"

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
// identifiers. It changes the page's records in place. Participants come first,
// since what becomes of events and rejected records follows from them.
func (f *Filter) Page(appID string, page *model.ParticipantPage) Taken {
	if f.idle() {
		return Taken{}
	}
	p := &pagePass{Filter: f, appID: appID, of: make(map[model.UUID]Mode)}
	page.Participants = sift(page.Participants, p.participant)
	page.Events = sift(page.Events, p.event)
	page.Rejected = sift(page.Rejected, p.rejected)
	return p.taken
}

// pagePass is one page on its way through the filter.
type pagePass struct {
	*Filter
	appID string
	of    map[model.UUID]Mode // participants of the page that are on the list
	taken Taken

	// Events come in rows of one participant, and of one peer: these are the latest
	// that was looked up and is not on the list, and what is stored of the latest peer.
	unlisted     model.UUID
	peer, stored string
}

// participant is the first step.
func (p *pagePass) participant(r *model.Participant) bool {
	mode := p.participantMode(p.appID, r)
	if mode != Keep {
		p.of[r.ID] = mode
		p.taken.People = append(p.taken.People, Erased{r.ID, mode})
	}
	switch mode {
	case Remove:
		p.taken.Participants++
		return false
	case Pseudonymise:
		p.key.PseudonymiseParticipant(r)
	case Keep:
		p.tidyPerson(p.appID, &r.DisplayName, &r.Provenance)
	}
	return true
}

// event is the second step: an event is treated as its participant.
func (p *pagePass) event(e *model.PeerEvent) bool {
	switch p.eventMode(e.ParticipantID) {
	case Remove:
		return false
	case Pseudonymise:
		p.key.PseudonymiseEvent(e)
	case Keep:
		e.Extra = p.tidyExtra(p.appID, e.Extra)
		e.PeerID = p.peerOfOther(e.PeerID)
	}
	return true
}

// rejected is the last step: a record that could not be used is dropped with its
// participant, or for what it says itself.
func (p *pagePass) rejected(r *model.Rejected) bool {
	id := participantOf(r.Key)
	mode := p.of[id]
	if mode == Keep {
		mode = p.aboutMode(r)
	}
	switch {
	case mode == Keep:
		p.mask(r)
	case r.Entity == model.EntityParticipant:
		p.taken.Participants++
		p.taken.Aside = append(p.taken.Aside, p.key.PseudonymUUID(id)) // zero where it has none
		p.taken.People = append(p.taken.People, Erased{id, mode})
	}
	return mode == Keep
}

// participantMode looks a participant up by each identifier.
func (f *Filter) participantMode(appID string, p *model.Participant) Mode {
	if len(f.list) == 0 {
		return Keep
	}
	return max(f.mode(appID, UserID, p.UserID), f.mode(appID, CustomID, p.CustomParticipantID),
		f.mode(appID, ParticipantID, p.ID.String()))
}

// eventMode gives what becomes of a participant's event. One that comes alone, as a
// rejected one that is tried again does, is looked up by its participant's id.
func (p *pagePass) eventMode(participant model.UUID) Mode {
	if mode, known := p.of[participant]; known {
		return mode
	}
	if participant == p.unlisted {
		return Keep
	}
	mode := p.mode(p.appID, ParticipantID, participant.String())
	if mode == Keep {
		p.unlisted = participant
	} else {
		p.of[participant] = mode
	}
	return mode
}

// peerOfOther gives what to store of the peer that somebody else's event names.
func (p *pagePass) peerOfOther(id string) string {
	if id == p.peer {
		return p.stored
	}
	p.peer, p.stored = id, id
	switch p.mode(p.appID, ParticipantID, id) {
	case Remove:
		p.stored = ""
	case Pseudonymise:
		p.stored = p.key.pseudonymPeer(id)
	case Keep:
	}
	return p.stored
}
