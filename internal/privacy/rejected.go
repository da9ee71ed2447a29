package privacy

import (
	"strings"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Rejected drops records of people on the list that could not be used, and masks
// what the others say of them. It changes the records in place.
func (f *Filter) Rejected(records []model.Rejected) []model.Rejected {
	if f.idle() {
		return records
	}
	return sift(records, func(r *model.Rejected) bool {
		if f.aboutMode(r) != Keep {
			return false
		}
		f.mask(r)
		return true
	})
}

// aboutMode gives what becomes of a record that is about somebody on the list: by its
// key, or by what it says of itself.
func (f *Filter) aboutMode(r *model.Rejected) (mode Mode) {
	if len(f.list) == 0 || !IsOfPerson(r.Entity) {
		return Keep
	}
	for key, found := r.Key, true; found; _, key, found = strings.Cut(key, "/") {
		first, _, _ := strings.Cut(key, "/")
		mode = max(mode, f.mode(r.AppID, ParticipantID, first), f.mode(r.AppID, UserID, key))
	}
	if mode != Keep {
		return mode
	}
	if isOf(r, func(member, text string) bool {
		of := max(f.listed(r.AppID, member, text), f.listedWithin(r.AppID, text))
		mode = max(mode, of)
		return of != Keep
	}) {
		return mode
	}
	return Keep
}

// isOf reports whether a record is that of a person by its own identifiers. One that
// has none, since nobody knows what it is, is that of whomever it mentions.
func isOf(r *model.Rejected, isPerson func(member, text string) bool) bool {
	// An event stands under its participant, a report under its peer.
	identified := r.Key != "" && (r.Entity == model.EntityPeerEvent || r.Entity == model.EntityPeerReport)
	found, mentioned := false, false
	rewriteTokens(r.Raw, func(t token) (string, bool) {
		if t.kind == nameToken {
			mentioned = isPerson("", t.text) || mentioned
			return "", false
		}
		is := isPerson(t.member, t.text)
		mentioned = mentioned || is
		if _, own := identifierMembers[t.top]; own && t.text != "" && t.text != "null" {
			found = found || is
			// A participant's id is made up for a session and says nothing of whose it is.
			identified = identified || t.top != "id" || r.Entity == model.EntityMeetingParticipant
		}
		return "", false
	})
	return found || mentioned && !identified
}

// mask takes out of a record that stays what it says of people on the list, and
// names where these are not wanted.
func (f *Filter) mask(r *model.Rejected) {
	r.Reason = f.Text(r.Reason)
	r.Raw = f.tidy(r.AppID, r.Raw, IsOfPerson(r.Entity))
	if f.names && IsOfPerson(r.Entity) && strings.HasPrefix(r.Reason, "record: ") {
		r.Reason, _, _ = strings.Cut(r.Reason, ", found ") // a record that is no object is quoted behind it
	}
}

// IsOfPerson reports whether a record of an entity is about one person.
func IsOfPerson(entity string) bool {
	switch entity {
	case model.EntityParticipant, model.EntityPeerEvent, model.EntityMeetingParticipant, model.EntityPeerReport:
		return true
	}
	return false
}

// participantOf gives the participant whom a record's key names; zero where it
// names none. An event's key has its own id behind.
func participantOf(key string) model.UUID {
	participant, _, _ := strings.Cut(key, "/")
	id, _ := model.ParseUUID(participant)
	return id
}
