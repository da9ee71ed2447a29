package simulator

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// The names of the events that webhooks tell of.
const (
	EventStarted    = "meeting.started"
	EventEnded      = "meeting.ended"
	EventJoined     = "meeting.participantJoined"
	EventLeft       = "meeting.participantLeft"
	EventChat       = "meeting.chatSynced"
	EventRecording  = "recording.statusUpdate"
	EventLivestream = "livestreaming.statusUpdate"
	EventTranscript = "meeting.transcript"
	EventSummary    = "meeting.summary"
)

// Happening is an event of a session. PeerID is whom it is about, for those who came
// or left.
type Happening struct {
	Event     string
	SessionID string
	PeerID    string
}

type members = map[string]any

// eventBody is the body of a webhook as the vendor documents it (webhooks.mdx). The
// texts that are nobody's business begin with PlantedSecret.
func eventBody(h Happening, app *App, s *Session) members {
	by := members{"id": app.ID, "name": app.Name}
	body := members{"event": h.Event, "meeting": meetingMembers(s, by)}
	meeting := body["meeting"].(members)
	secret := "https://example.com/" + PlantedSecret
	switch h.Event {
	case EventEnded:
		meeting["endedAt"], body["reason"] = stamp(s.EndedAt), "ALL_PARTICIPANTS_LEFT"
	case EventJoined, EventLeft:
		addParticipant(body, h, s)
	case EventChat:
		body = members{
			"event": h.Event, "title": s.MeetingTitle, "meetingId": s.MeetingID, "sessionId": s.ID, "createdAt": stamp(s.CreatedAt),
			"startedAt": stamp(s.StartedAt), "endedAt": stamp(s.EndedAt), "chatDownloadUrl": secret, "chatDownloadUrlExpiry": stamp(s.EndedAt), "organizedBy": by,
		}
	case EventRecording:
		meeting["endedAt"] = stamp(s.EndedAt)
		body["recording"] = members{
			"id": s.MeetingID, "recordingId": s.MeetingID, "status": "UPLOADED", "downloadUrl": secret, "audioDownloadUrl": nil, "downloadUrlExpiry": stamp(s.EndedAt),
			"startedTime": stamp(s.StartedAt), "stoppedTime": stamp(s.EndedAt), "fileSize": "1024", "outputFileName": PlantedSecret + ".mp4",
			"meetingId": s.MeetingID, "recordingDuration": 60, "organizationId": app.ID, "roomUUID": s.ID,
		}
	case EventLivestream:
		body["streamId"], body["status"], body["manualIngest"] = s.MeetingID, "LIVE", false
		body["playbackUrl"], body["ingestServer"], body["streamKey"] = secret, secret, PlantedSecret
		delete(meeting, "sessionId")
	case EventTranscript:
		meeting["endedAt"] = stamp(s.EndedAt)
		body["transcriptDownloadUrl"], body["transcriptDownloadUrlExpiry"] = secret, stamp(s.EndedAt)
	case EventSummary:
		body["meeting"] = members{"id": s.MeetingID, "sessionId": s.ID, "organizedBy": by}
		body["summaryDownloadUrl"], body["summaryDownloadUrlExpiry"] = secret, stamp(s.EndedAt)
	}
	return body
}

// meetingMembers says LIVE whatever the session is: it is the state of the room.
func meetingMembers(s *Session, by members) members {
	return members{
		"id": s.MeetingID, "sessionId": s.ID, "title": s.MeetingTitle, "status": StatusLive,
		"createdAt": stamp(s.CreatedAt), "startedAt": stamp(s.StartedAt), "organizedBy": by,
	}
}

// addParticipant adds who came or left. The vendor's sample of a leave has an endedAt
// of the meeting, which is no end.
func addParticipant(body members, h Happening, s *Session) {
	who := members{"peerId": h.PeerID}
	for _, p := range s.Participants {
		if p == nil || p.ID != h.PeerID {
			continue
		}
		who["userDisplayName"], who["customParticipantId"], who["joinedAt"] = p.DisplayName, p.CustomParticipantID, stamp(p.JoinedAt)
		if h.Event == EventLeft {
			who["leftAt"] = stamp(p.LeftAt)
		}
	}
	body["participant"] = who
	if h.Event == EventLeft {
		body["meeting"].(members)["endedAt"] = stamp(s.UpdatedAt)
	}
}

// gaps lists the members that may be absent or null, as paths: all but the event's name
// and where the session's id is looked for.
func gaps(body members) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if name == "event" || name == "sessionId" {
			continue
		}
		inner, isObject := body[name].(members)
		if !isObject || name != "meeting" {
			all = append(all, name)
		}
		for _, below := range slices.Sorted(maps.Keys(inner)) {
			if below != "sessionId" {
				all = append(all, name+"."+below)
			}
		}
	}
	return all
}

// withGap takes the n-th member out that may be missing, in turn wholly or for null.
func withGap(body members, n int) {
	all := gaps(body)
	name, below, nested := strings.Cut(all[n/2%len(all)], ".")
	in := body
	if nested {
		in, name = body[name].(members), below
	}
	if in[name] = nil; n%2 == 0 {
		delete(in, name)
	}
}

func bodyText(body members) []byte {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // texts, numbers and objects
	}
	return text
}
