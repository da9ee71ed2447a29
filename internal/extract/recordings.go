package extract

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Recordings hands on the recordings of an app, oldest first, page by page. A zero from
// leaves the list open. Which of a recording's times the API compares with from is
// documented nowhere: use it to ask for less, never to decide. to keeps new recordings
// from shifting the pages. Neither status nor expired is asked for: the documents
// disagree on how several values are written, and all recordings are wanted.
func (c *Client) Recordings(ctx context.Context, appID string, from, to time.Time, each func(model.RecordingPage) error) (model.Pass, error) {
	query := url.Values{"sort_by": {"invokedTime"}, "sort_order": {"ASC"}}
	setTime(query, "start_time", from)
	setTime(query, "end_time", to)
	return listing[model.RecordingPage]{
		path: recordingsPath(appID), query: query, strict: true,
		base: &c.bases.recordings,
		row: func(s *scanner, page *model.RecordingPage) error {
			raw, err := s.value()
			if err != nil {
				return err
			}
			recording, rejected := readRecording(raw, appID)
			if rejected != nil {
				page.Rejected = append(page.Rejected, *rejected)
			} else {
				recording.MeetingID = c.fold(recording.MeetingID)
				page.Recordings = append(page.Recordings, recording)
			}
			return nil
		},
		keys: func(page *model.RecordingPage) []key {
			keys := rejectedKeys(page.Rejected, model.EntityRecording)
			for i := range page.Recordings {
				keys = append(keys, idKey(page.Recordings[i].ID))
			}
			return keys
		},
	}.read(ctx, c, each)
}

func recordingsPath(appID string) string { return "/" + url.PathEscape(appID) + recordingsEnd }

const recordingsEnd = "/recordings"

// recordingFields are the members of a recording. Source: Cloudflare's OpenAPI document,
// and its guide to track recordings for type. Where a file lies may be signed, how its
// storage is reached is secret, and the name of a track's file holds ids of people.
var recordingFields = fieldRules{
	"id": keptField, "session_id": keptField, "type": keptField, "status": keptField,
	"invoked_time": keptField, "started_time": keptField, "stopped_time": keptField,
	"recording_duration": keptField, "file_size": keptField, "download_url_expiry": keptField,
	"output_file_name": droppedField, "download_url": droppedField, "audio_download_url": droppedField,
	"storage_config": droppedField, "meeting": droppedField,
}

// readRecording decodes a recording. Of what guard leaves out it looks at two things: the
// id of the meeting, and whether there is a list of files, as of tracks.
func readRecording(raw, appID string) (model.Recording, *model.Rejected) {
	var recording model.Recording
	r, ok := newRow(cursor{text: guard(raw, recordingFields)})
	var span spanText
	for ok && r.more() {
		name, raw := r.name(), r.value()
		r.recordingField(&recording, name, raw)
		span.note(name, raw)
	}
	r.doubtSpan(span, recording.InvokedAt, &recording.StartedAt, &recording.StoppedAt)
	if id := memberOf(memberOf(raw, "meeting", "{"), "id", ""); id != "" && (kindOf(id) == jsontext.KindString || kindOf(id) == jsontext.KindNumber) {
		recording.MeetingID = strings.Clone(r.identifier("meeting_id", id))
	}
	if memberOf(raw, "download_url", "[") != "" {
		recording.Type = model.TypeTrack
	}
	r.key = recording.ID
	recording.Provenance = r.prov
	rejected := r.verdict(model.EntityRecording, recording.ID == "")
	if rejected != nil {
		rejected.AppID = appID
	}
	return recording, rejected
}

// spanText is when a recording or livestream began and ended, as it stands in the JSON text.
type spanText struct{ started, stopped string }

func (s *spanText) note(name, raw string) {
	switch name {
	case "started_time":
		s.started = raw
	case "stopped_time":
		s.stopped = raw
	}
}

// doubtSpan drops a start or an end that cannot be: where no length is told, the bill has the
// time between the two.
func (r *row) doubtSpan(of spanText, invoked time.Time, started, stopped *time.Time) {
	r.doubt(!started.IsZero() && model.IsFarBehind(invoked, *started), "started_at", of.started, started)
	r.doubt(model.IsFarBehind(*stopped, invoked, *started), "stopped_at", of.stopped, stopped)
}

func (r *row) recordingField(into *model.Recording, name, raw string) {
	switch name {
	case "id":
		into.ID = r.folded("recording_id", raw)
	case "session_id":
		into.SessionID = r.otherUUID("session_id", raw)
	case "type":
		into.Type = strings.ToUpper(r.text("recording_type", raw))
	case "status":
		into.Status = r.text("status", raw)
	case "invoked_time":
		into.InvokedAt = r.time("invoked_at", raw)
	case "started_time":
		into.StartedAt = r.time("started_at", raw)
	case "stopped_time":
		into.StoppedAt = r.time("stopped_at", raw)
	case "recording_duration":
		into.DurationSeconds = r.count("duration_seconds", raw)
	case "file_size":
		into.FileSizeBytes = r.count("file_size_bytes", raw)
	case "download_url_expiry":
		into.DownloadExpiresAt = r.time("download_expires_at", raw)
	default:
		r.keep(name, raw)
	}
}

// otherUUID reads the id of another record, which may be absent.
func (r *row) otherUUID(field, raw string) (id model.UUID) {
	text, ok := r.plainText(field, raw)
	if !ok || model.IsNoValue(text) || text == "" {
		return id
	}
	trimmed := strings.Trim(text, " \t\r\n\"'")
	id, err := model.ParseUUID(trimmed)
	switch {
	case err != nil:
		r.reject(field, err)
	case trimmed != text:
		r.repair(field, raw)
	}
	return id
}
