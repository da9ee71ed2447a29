package extract

import (
	"context"
	"net/url"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// StreamedMeetings hands on the meetings of an app that have a livestream, page by page.
// Nothing else of a livestream is read: its record holds the key to stream with.
func (c *Client) StreamedMeetings(ctx context.Context, appID string, each func(meetingIDs []string) error) (model.Pass, error) {
	type page struct{ ids, meetings []string }
	return listing[page]{
		path: "/" + url.PathEscape(appID) + "/livestreams", member: "data", also: "livestreams", strict: true,
		base: &c.bases.livestreams,
		row: func(s *scanner, p *page) error {
			raw, err := s.value()
			if err != nil || kindOf(raw) != jsontext.KindBeginObject {
				return err
			}
			id, _ := plainMember(raw, "id")
			p.ids = append(p.ids, id)
			if meeting, ok := plainMember(raw, "meeting_id"); ok {
				p.meetings = append(p.meetings, c.fold(meeting))
			}
			return nil
		},
		keys: func(p *page) (keys []key) {
			for _, id := range p.ids {
				keys = append(keys, textKey(id))
			}
			return keys
		},
	}.read(ctx, c, func(p page) error { return each(p.meetings) })
}

// plainMember gives a text of an object.
func plainMember(object, name string) (string, bool) {
	raw := memberOf(object, name, `"`)
	if raw == "" {
		return "", false
	}
	text, _ := unquote(raw)
	clean, _ := model.CleanText(text)
	return clean, clean != "" && model.CheckIdentifier(clean) == nil
}

// LivestreamSessions hands on when a session was streamed. By its schema the answer holds
// one record, by its example a list below data.data with paging beside it: both are read.
func (c *Client) LivestreamSessions(ctx context.Context, appID string, id model.UUID, each func(model.LivestreamPage) error) (model.Pass, error) {
	row := func(s *scanner, page *model.LivestreamPage) error {
		return s.guarded(livestreamFields, func(record cursor) error {
			session, rejected := readLivestreamSession(record, appID, id)
			if rejected != nil {
				page.Rejected = append(page.Rejected, *rejected)
			} else {
				page.Sessions = append(page.Sessions, session)
			}
			return nil
		})
	}
	return listing[model.LivestreamPage]{
		path: sessionPath(appID, id) + "/livestream-sessions", member: "data", also: "livestream_sessions", single: "livestream_id", strict: true,
		base: &c.bases.streamed, row: row,
		keys: func(page *model.LivestreamPage) (keys []key) {
			for i := range page.Rejected {
				keys = append(keys, textKey(page.Rejected[i].Key))
			}
			for i := range page.Sessions {
				keys = append(keys, textKey(page.Sessions[i].ID))
			}
			return keys
		},
	}.read(ctx, c, each)
}

// livestreamFields are the members of a livestream's run. Source: Cloudflare's OpenAPI
// document.
var livestreamFields = fieldRules{
	"id": keptField, "livestream_id": keptField, "err_message": saidField, "ingest_seconds": keptField,
	"viewer_seconds": keptField, "invoked_time": keptField, "started_time": keptField, "stopped_time": keptField,
	"created_at": keptField, "updated_at": keptField,
	"stream_key": droppedField, "ingest_server": droppedField, "playback_url": droppedField,
}

func readLivestreamSession(c cursor, appID string, of model.UUID) (model.LivestreamSession, *model.Rejected) {
	var session model.LivestreamSession
	r, ok := newRow(c)
	var span spanText
	for ok && r.more() {
		name, raw := r.name(), r.value()
		r.livestreamField(&session, name, raw)
		span.note(name, raw)
	}
	r.doubtSpan(span, session.InvokedAt, &session.StartedAt, &session.StoppedAt)
	r.key = session.ID
	session.Provenance = r.prov
	rejected := r.verdict(model.EntityLivestreamSession, session.ID == "")
	if rejected != nil {
		rejected.AppID, rejected.SessionID = appID, of
	}
	return session, rejected
}

func (r *row) livestreamField(into *model.LivestreamSession, name, raw string) {
	switch name {
	case "id":
		into.ID = r.folded("livestream_session_id", raw)
	case "livestream_id":
		into.LivestreamID = r.folded("livestream_id", raw)
	case "err_message":
		into.ErrMessage = r.text("err_message", raw)
	case "ingest_seconds":
		into.IngestSeconds = r.number("ingest_seconds", raw)
	case "viewer_seconds":
		into.ViewerSeconds = r.number("viewer_seconds", raw)
	case "invoked_time":
		into.InvokedAt = r.time("invoked_at", raw)
	case "started_time":
		into.StartedAt = r.time("started_at", raw)
	case "stopped_time":
		into.StoppedAt = r.time("stopped_at", raw)
	case "created_at":
		into.CreatedAt = r.time("created_at", raw)
	case "updated_at":
		into.UpdatedAt = r.time("updated_at", raw)
	default:
		r.keep(name, raw)
	}
}
