package privacy

import (
	"maps"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// TakeName replaces a participant's name where names are not wanted, and takes
// out of its unknown fields what may be one.
func (f *Filter) TakeName(p *model.Participant) { f.tidyPerson("", &p.DisplayName, &p.Provenance) }

// tidyPerson does so for each person who is stored under the identifiers of the
// API, and masks in the unknown fields what they say of people on the list.
func (f *Filter) tidyPerson(appID string, name *string, p *model.Provenance) {
	p.Extra = f.tidyExtra(appID, p.Extra)
	if f.names {
		*name, p.Repairs = f.key.Name(*name), withoutName(p.Repairs)
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

// withoutName keeps that a name was mended, but not its text.
func withoutName(r model.Repairs) model.Repairs {
	if text, mended := r["display_name"]; !mended || text == ErasedText {
		return r
	}
	r = maps.Clone(r)
	r["display_name"] = notKeptText
	return r
}
