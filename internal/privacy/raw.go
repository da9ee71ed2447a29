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

// rejected drops rejected records of people on the list and masks what others say
// of them; of marks the participants of the same page. It gives those whose record as
// a participant it dropped, the id zero where that has none.
func (f *Filter) rejected(records []model.Rejected, of map[model.UUID]Mode) (kept []model.Rejected, dropped []Erased) {
	kept = records[:0]
	for i := range records {
		r := &records[i]
		participant, _, _ := strings.Cut(r.Key, "/")
		id, _ := model.ParseUUID(participant)
		mode := of[id]
		if mode == Keep && IsOfPerson(r.Entity) {
			mode = f.about(r)
		}
		if mode == Keep {
			f.mask(r)
			kept = append(kept, *r)
		} else if r.Entity == model.EntityParticipant {
			dropped = append(dropped, Erased{id, mode})
		}
	}
	return kept, dropped
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

// about gives what becomes of a record that is about somebody on the list: by its
// key, or by what it says of itself.
func (f *Filter) about(r *model.Rejected) (mode Mode) {
	if len(f.list) == 0 {
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

// listed tells whether a value of a JSON text is the identifier of somebody on the
// list.
func (f *Filter) listed(appID, member, text string) Mode {
	if len(text) >= CertainLength {
		return max(f.mode(appID, UserID, text), f.mode(appID, CustomID, text), f.mode(appID, ParticipantID, text))
	}
	if kind, known := identifierMembers[member]; known {
		return f.mode(appID, kind, text)
	}
	return Keep
}

// listedWithin tells whether one stands in a text. Only hashes are known, so
// identifiers with a space or another odd mark in them are not found.
func (f *Filter) listedWithin(appID, text string) (mode Mode) {
	if len(f.list) == 0 || len(text) < CertainLength {
		return Keep
	}
	for _, word := range wordInText.FindAllString(text, -1) {
		if len(word) >= CertainLength {
			mode = max(mode, f.listed(appID, "", word))
		}
	}
	return mode
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
	return []byte(f.tidy(appID, string(extra), true))
}

// Session masks what a session's unknown fields say of people on the list.
func (f *Filter) Session(s *model.Session) {
	if f.idle() || len(f.list) == 0 || len(s.Extra) == 0 {
		return
	}
	s.Extra = []byte(f.tidy(s.AppID, string(s.Extra), false))
}

// tidy masks what a JSON text says of people on the list and, in a record of a
// person, what may be a name where these are not wanted.
func (f *Filter) tidy(appID, raw string, ofPerson bool) string {
	return rewriteTokens(raw, func(t token) (string, bool) {
		if f.names && ofPerson && t.kind != nameToken {
			if clean, changed := f.withoutNames(t.member, t.text, t.kind == bareToken); changed {
				return clean, true
			}
		}
		if t.kind != nameToken && f.listed(appID, t.member, t.text) != Keep {
			return ErasedText, true
		}
		if t.kind == bareToken {
			return "", false
		}
		return f.maskWords(appID, t.text)
	})
}

// wordInText is what an identifier may be within running text.
var wordInText = regexp.MustCompile(`[\p{L}\p{N}_]+(?:[-.@+][\p{L}\p{N}_]+)*`)

// maskWords masks identifiers of people on the list within a text.
func (f *Filter) maskWords(appID, text string) (masked string, changed bool) {
	if f.listedWithin(appID, text) == Keep {
		return "", false
	}
	return wordInText.ReplaceAllStringFunc(text, func(word string) string {
		if len(word) < CertainLength || f.listed(appID, "", word) == Keep {
			return word
		}
		return ErasedText
	}), true
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

// token is a part of a JSON text: a value that is no list or object, or the name of
// a member.
type token struct {
	kind   tokenKind
	member string // of the value, that around a list for its elements
	top    string // the member of the outermost object in which it is
	text   string
}

type tokenKind int

const (
	textToken tokenKind = iota
	bareToken           // number, boolean or null
	nameToken           // of a member
)

// rewriteTokens visits every token of a JSON text and puts another in its place
// where visit says so. It asks little of the text: a rejected record need not be
// sound JSON once its bytes were made printable.
func rewriteTokens(raw string, visit func(token) (string, bool)) string {
	var out strings.Builder
	var open []string // members around the present one
	member, copied := "", 0
	replace := func(from, to int, text string, kind tokenKind) {
		top := member
		if len(open) > 1 {
			top = open[1]
		}
		if value, changed := visit(token{kind, member, top, text}); changed {
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
