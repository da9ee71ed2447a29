package privacy

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// CertainLength is from which length on a text that equals an identifier is
// taken for it under whatever name it stands. A shorter one, such as the custom
// id "17", must stand under the name of an identifier.
const CertainLength = 8

// rejected drops rejected records of people on the list and masks what others
// say of them; of marks the participants of the same page. listed are the ids
// under which dropped participants may be stored.
func (f *Filter) rejected(records []model.Rejected, of map[model.UUID]Mode) (kept []model.Rejected, listed []model.UUID) {
	kept = records[:0]
	for i := range records {
		r := &records[i]
		participant, _, _ := strings.Cut(r.Key, "/")
		id, noID := model.ParseUUID(participant)
		drop := noID == nil && of[id] != Keep
		if !drop && IsOfPerson(r.Entity) {
			drop = f.mentions(r)
		}
		if drop {
			if r.Entity == model.EntityParticipant {
				listed = append(listed, f.key.PseudonymUUID(id)) // zero where it has none
			}
			continue
		}
		f.mask(r)
		kept = append(kept, *r)
	}
	return kept, listed
}

// Rejected drops records of people on the list that could not be used, and masks
// what the others say of them. It changes the records in place.
func (f *Filter) Rejected(records []model.Rejected) []model.Rejected {
	if f.idle() {
		return records
	}
	kept, _ := f.rejected(records, nil)
	return kept
}

// IsOfPerson reports whether a record of an entity is about one person.
func IsOfPerson(entity string) bool {
	switch entity {
	case model.EntityParticipant, model.EntityPeerEvent, model.EntityMeetingParticipant, model.EntityPeerReport:
		return true
	}
	return false
}

// mentions reports whether a record is about somebody on the list: by its key,
// or by a text in it.
func (f *Filter) mentions(r *model.Rejected) bool {
	if len(f.list) == 0 {
		return false
	}
	for key, found := r.Key, true; found; _, key, found = strings.Cut(key, "/") {
		first, _, _ := strings.Cut(key, "/")
		if max(f.mode(r.AppID, ParticipantID, first), f.mode(r.AppID, UserID, key)) != Keep {
			return true
		}
	}
	mentioned := false
	rewrite(r.Raw, func(member, text string, _ bool) (string, bool) {
		mentioned = mentioned || f.isListed(r.AppID, member, text)
		return "", false
	})
	return mentioned
}

// isListed reports whether a value of a JSON text is the identifier of somebody on
// the list.
func (f *Filter) isListed(appID, member, text string) bool {
	var kinds []Kind
	switch {
	case len(text) >= CertainLength:
		kinds = []Kind{UserID, CustomID, ParticipantID}
	case member == "user_id", member == "id", member == "participant_id":
		kinds = []Kind{UserID}
	case member == "custom_participant_id":
		kinds = []Kind{CustomID}
	}
	for _, kind := range kinds {
		if f.mode(appID, kind, text) != Keep {
			return true
		}
	}
	return false
}

// mask takes out of a record that stays what it says of people on the list, and
// names where these are not wanted.
func (f *Filter) mask(r *model.Rejected) {
	r.Reason = f.Text(r.Reason)
	r.Raw = rewrite(r.Raw, func(member, text string, bare bool) (string, bool) {
		if f.names && IsOfPerson(r.Entity) {
			if clean, changed := f.withoutNames(member, text, bare); changed {
				return clean, true
			}
		}
		return ErasedText, f.isListed(r.AppID, member, text)
	})
	if f.names && IsOfPerson(r.Entity) && strings.HasPrefix(r.Reason, "record: ") {
		r.Reason, _, _ = strings.Cut(r.Reason, ", found ") // a record that is no object is quoted behind it
	}
}

// plainMembers of a person's record hold no name.
var plainMembers = map[string]bool{
	"id": true, "user_id": true, "custom_participant_id": true, "preset_name": true, "joined_at": true, "left_at": true,
	"duration": true, "created_at": true, "updated_at": true, "event_name": true, "peer_id": true, "socket_session_id": true,
	"preset_view_type": true, "minutes_consumed": true, "session_id": true, "participant_id": true, "dropped_fields": true,
}

// withoutNames replaces a value of a person's record that is the name, or may
// hold one because nobody knows what it is.
func (f *Filter) withoutNames(member, text string, bare bool) (clean string, changed bool) {
	switch {
	case member == "display_name" || member == "name":
		return f.key.Name(text), text != "null" || !bare
	case plainMembers[member], bare:
		return text, false
	}
	if _, err := model.ParseUUID(text); err == nil {
		return text, false
	}
	return notKeptText, text != ""
}

// tidyExtra does the same to fields that Rollcall does not know.
func (f *Filter) tidyExtra(appID string, extra []byte) []byte {
	if len(extra) == 0 {
		return extra
	}
	return []byte(rewrite(string(extra), func(member, text string, bare bool) (string, bool) {
		if f.names {
			if clean, changed := f.withoutNames(member, text, bare); changed {
				return clean, true
			}
		}
		return ErasedText, f.isListed(appID, member, text)
	}))
}

// Session masks what a session's unknown fields say of people on the list.
func (f *Filter) Session(s *model.Session) {
	if f.idle() || len(f.list) == 0 || len(s.Extra) == 0 {
		return
	}
	s.Extra = []byte(rewrite(string(s.Extra), func(member, text string, _ bool) (string, bool) {
		return ErasedText, f.isListed(s.AppID, member, text)
	}))
}

var uuidInText = regexp.MustCompile(`(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// Text masks in a message, such as the path of a request that failed, the ids of
// people on the list. They are UUIDs there.
func (f *Filter) Text(text string) string {
	if f.idle() || len(f.list) == 0 || text == "" {
		return text
	}
	return uuidInText.ReplaceAllStringFunc(text, func(id string) string {
		r := f.list[f.key.Identifier(ParticipantID, id)]
		if user := f.list[f.key.Identifier(UserID, id)]; r.all == Keep && r.apps == nil && user.all == Keep && user.apps == nil {
			return id
		}
		return ErasedText
	})
}

// rewrite visits every value of a JSON text that is no list or object, with the
// name of the member that it stands under, and puts another in its place where
// visit says so. bare tells a number, boolean or null.
func rewrite(raw string, visit func(member, text string, bare bool) (string, bool)) string {
	return rewriteTokens(raw, func(member, text string, kind token) (string, bool) {
		if kind == nameToken {
			return "", false
		}
		return visit(member, text, kind == bareToken)
	})
}

// token is a part of a JSON text.
type token int

const (
	textToken token = iota
	bareToken       // number, boolean or null
	nameToken       // of a member
)

// rewriteTokens visits the names of members as well. It asks little of the text: a
// rejected record need not be sound JSON once its bytes were made printable.
func rewriteTokens(raw string, visit func(member, text string, kind token) (string, bool)) string {
	var out strings.Builder
	var open []string // members around the present one
	member, copied := "", 0
	replace := func(from, to int, text string, kind token) {
		if value, changed := visit(member, text, kind); changed {
			quoted, _ := json.Marshal(value) // a string cannot fail
			out.WriteString(raw[copied:from])
			out.Write(quoted)
			copied = to
		}
	}
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '{' || c == '[':
			open = append(open, member)
			i++
		case (c == '}' || c == ']') && len(open) > 0:
			member, open = open[len(open)-1], open[:len(open)-1]
			i++
		case c == '"':
			end := stringEnd(raw, i)
			text := unquote(raw[i:end])
			if strings.HasPrefix(strings.TrimLeft(raw[end:], " \t\r\n"), ":") {
				member = text
				replace(i, end, text, nameToken)
			} else {
				replace(i, end, text, textToken)
			}
			i = end
		case c > ' ' && !strings.ContainsRune(`,:]}`, rune(c)):
			end := i + 1
			for end < len(raw) && !strings.ContainsRune(",:]}[{\" \t\r\n", rune(raw[end])) {
				end++
			}
			replace(i, end, raw[i:end], bareToken)
			i = end
		default:
			i++
		}
	}
	if copied == 0 {
		return raw
	}
	out.WriteString(raw[copied:])
	return out.String()
}

// stringEnd gives where the string that begins at start ends.
func stringEnd(raw string, start int) int {
	for i := start + 1; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(raw)
}

func unquote(quoted string) string {
	var text string
	if json.Unmarshal([]byte(quoted), &text) == nil {
		return text
	}
	return strings.Trim(quoted, `"`)
}
