package extract

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/rollcall-etl/rollcall/internal/model"
)

var (
	errNotFlag = errors.New("neither true nor false")
	errOtherID = errors.New("it is not the id that was asked for")
)

// Meetings hands on the meetings of an app, page by page, in the API's order.
// An error of each ends the list and is given back.
func (c *Client) Meetings(ctx context.Context, appID string, each func(model.MeetingPage) error) (model.Pass, error) {
	return listing[model.MeetingPage]{
		path: meetingsPath(appID),
		base: &c.bases.meetings,
		row: func(s *scanner, page *model.MeetingPage) error {
			return s.guarded(meetingFields, func(record cursor) error {
				meeting, rejected := readMeeting(record, appID, "")
				if rejected != nil {
					page.Rejected = append(page.Rejected, *rejected)
				} else {
					meeting.ID = c.fold(meeting.ID)
					page.Meetings = append(page.Meetings, meeting)
				}
				return nil
			})
		},
		keys: func(page *model.MeetingPage) []key {
			keys := rejectedKeys(page.Rejected, model.EntityMeeting)
			for i := range page.Meetings {
				keys = append(keys, idKey(page.Meetings[i].ID))
			}
			return keys
		},
	}.read(ctx, c, each)
}

// Meeting reads one meeting's record. One that cannot be used is a
// *model.RejectedError.
func (c *Client) Meeting(ctx context.Context, appID, meetingID string) (model.Meeting, error) {
	var meeting model.Meeting
	var rejected *model.Rejected
	err := c.get(ctx, meetingsPath(appID)+"/"+url.PathEscape(meetingID), nil, func(body []byte) (envelope, error) {
		return readDetail(body, "meeting", func(s *scanner) error {
			return s.guarded(meetingFields, func(c cursor) error {
				meeting, rejected = readMeeting(c, appID, meetingID)
				return nil
			})
		})
	})
	if err == nil && rejected != nil {
		return model.Meeting{}, &model.RejectedError{Record: *rejected}
	}
	return meeting, err
}

// MeetingParticipants hands on the people enrolled in a meeting, page by page. An
// answer without a list is an error: who is enrolled shows in no other place.
func (c *Client) MeetingParticipants(ctx context.Context, appID, meetingID string, each func(model.MeetingParticipantPage) error) (model.Pass, error) {
	return listing[model.MeetingParticipantPage]{
		path: meetingsPath(appID) + "/" + url.PathEscape(meetingID) + "/participants",
		base: &c.bases.enrolled, strict: true,
		row: func(s *scanner, page *model.MeetingParticipantPage) error {
			return s.guarded(enrolledFields, func(c cursor) error {
				readEnrolled(c, appID, meetingID, page)
				return nil
			})
		},
		keys: func(page *model.MeetingParticipantPage) []key {
			var keys []key
			for i := range page.Rejected {
				keys = append(keys, textKey(page.Rejected[i].Key))
			}
			for i := range page.People {
				keys = append(keys, textKey(meetingID+"/"+page.People[i].ID))
			}
			return keys
		},
	}.read(ctx, c, each)
}

func meetingsPath(appID string) string { return "/" + url.PathEscape(appID) + "/meetings" }

// meetingFields are the members of a meeting's record. Source: Cloudflare's
// OpenAPI document. recording_config holds the keys of a storage bucket, and
// ai_config free text; whatever else is nested is unknown and dropped as well.
var meetingFields = fieldRules{
	"id": keptField, "title": keptField, "status": keptField, "record_on_start": keptField,
	"persist_chat": keptField, "live_stream_on_start": keptField, "transcribe_on_end": keptField,
	"summarize_on_end": keptField, "session_keep_alive_time_in_secs": keptField,
	"created_at": keptField, "updated_at": keptField,
	"recording_config": droppedField, "ai_config": droppedField,
}

// readMeeting decodes a meeting's record that came through guard, with the id in the
// letters of the API. asked is the id that it must have, empty where a list gave it.
func readMeeting(c cursor, appID, asked string) (model.Meeting, *model.Rejected) {
	meeting := model.Meeting{AppID: appID}
	r, ok := newRow(c)
	for ok && r.more() {
		r.meetingField(&meeting, r.name(), r.value())
	}
	r.key = meeting.ID
	if asked != "" {
		if meeting.ID != "" && !strings.EqualFold(meeting.ID, asked) {
			r.reject("id", errOtherID)
		}
		meeting.ID = asked
	}
	meeting.Provenance = r.prov
	rejected := r.verdict(model.EntityMeeting, meeting.ID == "")
	if rejected != nil {
		rejected.AppID = appID
	}
	return meeting, rejected
}

func (r *row) meetingField(into *model.Meeting, name, raw string) {
	switch name {
	case "id":
		into.ID = r.identifier("meeting_id", raw)
	case "title":
		into.Title = r.text("configured_title", raw)
	case "status":
		into.Status = r.text("status", raw)
	case "record_on_start":
		into.RecordOnStart = r.flag("record_on_start", raw)
	case "persist_chat":
		into.PersistChat = r.flag("persist_chat", raw)
	case "live_stream_on_start":
		into.LiveStreamOnStart = r.flag("live_stream_on_start", raw)
	case "transcribe_on_end":
		into.TranscribeOnEnd = r.flag("transcribe_on_end", raw)
	case "summarize_on_end":
		into.SummarizeOnEnd = r.flag("summarize_on_end", raw)
	case "session_keep_alive_time_in_secs":
		into.SessionKeepAliveSeconds = r.count("session_keep_alive_seconds", raw)
	case "created_at":
		into.CreatedAt = r.time("created_at", raw)
	case "updated_at":
		into.UpdatedAt = r.time("updated_at", raw)
	default:
		r.keep(name, raw)
	}
}

// enrolledFields are the members of an enrolled person's record. Source:
// Cloudflare's OpenAPI document. A picture is a URL that may be signed.
var enrolledFields = fieldRules{
	"id": keptField, "custom_participant_id": keptField, "name": keptField, "preset_name": keptField,
	"created_at": keptField, "updated_at": keptField,
	"picture": droppedField, "token": droppedField,
}

// readEnrolled decodes an enrolled person's record that came through guard.
func readEnrolled(c cursor, appID, meetingID string, page *model.MeetingParticipantPage) {
	var p model.MeetingParticipant
	r, ok := newRow(c)
	for ok && r.more() {
		r.enrolledField(&p, r.name(), r.value())
	}
	r.key = p.ID
	p.Provenance = r.prov
	if rejected := r.verdict(model.EntityMeetingParticipant, p.ID == ""); rejected != nil {
		rejected.AppID, rejected.Key = appID, meetingID+"/"+rejected.Key
		page.Rejected = append(page.Rejected, *rejected)
		return
	}
	page.People = append(page.People, p)
}

func (r *row) enrolledField(into *model.MeetingParticipant, name, raw string) {
	switch name {
	case "id":
		into.ID = r.folded("meeting_participant_id", raw)
	case "custom_participant_id":
		into.CustomParticipantID = r.identifier("custom_participant_id", raw)
	case "name":
		into.DisplayName = r.text("display_name", raw)
	case "preset_name":
		into.PresetName = r.text("preset_name", raw)
	case "created_at":
		into.CreatedAt = r.time("created_at", raw)
	case "updated_at":
		into.UpdatedAt = r.time("updated_at", raw)
	default:
		r.keep(name, raw)
	}
}
