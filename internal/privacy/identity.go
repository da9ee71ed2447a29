package privacy

import "github.com/rollcall-etl/rollcall/internal/model"

// identifierMembers are the names under which records have a person's identifiers.
var identifierMembers = map[string]Kind{
	"id": UserID, "user_id": UserID, "participant_id": UserID, "custom_participant_id": CustomID,
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

// Identity is what a record says of whose it is; empty where it does not.
type Identity struct{ ID, UserID, CustomID string }

// IdentityOf reads it in a rejected record's text, which need not be sound JSON.
func IdentityOf(raw string) (i Identity) {
	rewriteTokens(raw, func(t token) (string, bool) {
		if t.kind == nameToken || t.text == "null" {
			return "", false
		}
		switch t.top {
		case "id":
			i.ID = t.text
		case "user_id":
			i.UserID = t.text
		case "custom_participant_id":
			i.CustomID = t.text
		}
		return "", false
	})
	return i
}
