package simulator

import (
	"embed"
	"encoding/json"
	"io/fs"
	"time"
)

//go:embed testdata/*.json
var embedded embed.FS

// Samples holds one body for each answer that the documentation describes, made
// up from the schemas: apps.json, sessions.json, session_flat.json,
// session_nested.json, participants.json, error_*.json and more.
//
// vendor_participants.json has the traps of the published example: both
// participants share their two event ids, peer_id differs from the id of the
// first row, joined_at of the second ends in a stray quote, events have five
// fields and do not agree with the row's times, and total_count is 123 for two
// rows.
func Samples() fs.FS {
	sub, err := fs.Sub(embedded, "testdata")
	if err != nil {
		return embedded // cannot happen: the name is valid
	}
	return sub
}

// VendorSample is a data set that makes the server answer with the rows of
// vendor_participants.json. Its total_count is 2, the true one.
func VendorSample() *Data {
	s := &Session{
		ID:            "6e1b7f40-2c9d-4a35-9d08-b4f5a6c7d801",
		AppID:         "4d7a9c12-b3e8-4f60-8a57-c0d1e2f3a401",
		MeetingID:     "abcdef-ghijkl",
		MeetingTitle:  "Vendor sample",
		Type:          TypeMeeting,
		Status:        StatusEnded,
		MaxConcurrent: 2, MinutesConsumed: 12.736,
		StartedAt: vendorTime("10:50:36.840"),
		EndedAt:   vendorTime("10:58:32.430"),
		CreatedAt: vendorTime("10:50:36.850"),
		UpdatedAt: vendorTime("10:58:32.441"),
	}
	first, second := 5.8097, 6.9263
	s.Participants = []*Participant{
		{
			ID:     "2a4d9e73-17bc-4c58-b0e6-8f91d3a7c502",
			UserID: "8c0f3b21-55d6-4e8f-9f24-a1b2037d6c02", CustomParticipantID: "tomas-02",
			DisplayName: "Tomás", PresetName: "webinar_viewer", DurationMinutes: &second,
			JoinedAt: vendorTime("10:50:36.846"), LeftAt: vendorTime("10:57:32.424"),
			CreatedAt: vendorTime("10:50:36.853"), UpdatedAt: vendorTime("10:57:32.431"),
			Events: vendorEvents("2a4d9e73-17bc-4c58-b0e6-8f91d3a7c502"),
			Extra:  Extra{"joined_at": json.RawMessage(`"2023-02-01T10:50:36.846Z\""`)},
		},
		{
			ID:     "1f0c7d52-8a64-4f0e-9b31-6d2c5e80a401",
			UserID: "7b9e2a10-44c5-4d7e-8e13-90a1f26c5b01", CustomParticipantID: "asha-01",
			DisplayName: "Asha", PresetName: "webinar_viewer", DurationMinutes: &first,
			JoinedAt: vendorTime("10:51:08.030"), LeftAt: vendorTime("10:56:56.612"),
			CreatedAt: vendorTime("10:51:08.039"), UpdatedAt: vendorTime("10:56:56.618"),
			Events: vendorEvents("e8a3c6f1-0d25-4b97-a1f4-52c7d9e0b6aa"),
		},
	}
	app := App{ID: s.AppID, Name: "vendor-sample", CreatedAt: vendorTime("08:00:00.000"), Sessions: []*Session{s}}
	return &Data{AccountID: DemoAccountID, Apps: []App{app}}
}

// vendorEvents are the two events that the published example repeats.
func vendorEvents(peer string) []PeerEvent {
	left := Extra{
		"participant_id": nil, "session_id": nil, "socket_session_id": nil,
		"preset_view_type": nil, "minutes_consumed": nil,
	}
	return []PeerEvent{
		{
			ID: "c2d1b8e4-5f37-4a90-8c6e-3b7a9d40191a", EventName: PeerJoining, PeerID: peer,
			CreatedAt: vendorTime("10:51:50.786"), UpdatedAt: vendorTime("10:51:50.792"), Extra: left,
		},
		{
			ID: "c2d1b8e4-5f37-4a90-8c6e-3b7a9d40191b", EventName: PeerLeaving, PeerID: peer,
			CreatedAt: vendorTime("10:56:50.786"), UpdatedAt: vendorTime("10:56:50.792"), Extra: left,
		},
	}
}

// vendorTime is a time of day on the day of the published example.
func vendorTime(clock string) time.Time {
	t, _ := time.Parse("2006-01-02T15:04:05.000Z", "2023-02-01T"+clock+"Z") // only constants come here
	return t
}
