package privacy

import (
	"maps"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Marks that stand for a text that was taken out.
const (
	ErasedText  = "[erased]"
	notKeptText = "[not kept]"
)

// PseudonymiseParticipant replaces every identifier and the name; times, preset
// and minutes stay. The name says that the person was erased, and is the same
// wherever the person was known by the same identifier.
func (k *Key) PseudonymiseParticipant(p *model.Participant) {
	user, custom := k.Pseudonym(UserID, p.UserID), k.Pseudonym(CustomID, p.CustomParticipantID)
	switch {
	case custom != "":
		p.DisplayName = custom
	case user != "":
		p.DisplayName = user
	case !IsErased(p):
		p.DisplayName = k.Pseudonym(ParticipantID, p.ID.String())
	}
	p.ID, p.UserID, p.CustomParticipantID = k.PseudonymUUID(p.ID), user, custom
	k.provenance(&p.Provenance)
}

// PseudonymiseEvent replaces the identifiers of an event.
func (k *Key) PseudonymiseEvent(e *model.PeerEvent) {
	e.ParticipantID, e.ID = k.PseudonymUUID(e.ParticipantID), k.uuid(labelEvent, e.ID)
	e.PeerID = k.pseudonymPeer(e.PeerID)
	if e.SocketSessionID != "" && !isErased.MatchString(e.SocketSessionID) {
		e.SocketSessionID = pseudonym(erasedPrefix, k.sum(labelOther, e.SocketSessionID))
	}
	k.provenance(&e.Provenance)
}

// pseudonymPeer keeps a peer equal to the participant's id where it was.
func (k *Key) pseudonymPeer(id string) string {
	if peer, err := model.ParseUUID(id); err == nil {
		return k.PseudonymUUID(peer).String()
	}
	return k.Pseudonym(ParticipantID, id)
}

// PseudonymisePerson replaces the identifiers and the name of an enrolled
// person, the ids by the same pseudonyms as in sessions.
func (k *Key) PseudonymisePerson(p *model.MeetingParticipant) {
	p.ID, p.CustomParticipantID = k.Pseudonym(UserID, p.ID), k.Pseudonym(CustomID, p.CustomParticipantID)
	p.DisplayName = p.ID
	if p.CustomParticipantID != "" {
		p.DisplayName = p.CustomParticipantID
	}
	k.provenance(&p.Provenance)
}

// provenance keeps which values were mended, and nothing of their text.
func (*Key) provenance(p *model.Provenance) {
	p.Extra = nil
	p.Repairs = maps.Clone(p.Repairs)
	for column := range p.Repairs {
		p.Repairs[column] = ErasedText
	}
}
