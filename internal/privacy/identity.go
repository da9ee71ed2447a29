package privacy

// identifierMembers are the names under which records have a person's identifiers.
var identifierMembers = map[string]Kind{
	"id": UserID, "user_id": UserID, "participant_id": UserID, "custom_participant_id": CustomID,
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
