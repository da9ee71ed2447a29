package extract

import (
	"errors"
	"fmt"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// errNoID is the reason of a record that came without its key.
var errNoID = errors.New("the record has no id")

// app decodes one element of GET /apps, with the id in the letters of the API.
func (s *scanner) app(accountID string) (model.App, *model.Rejected, error) {
	app := model.App{AccountID: accountID}
	raw, err := s.value()
	if err != nil {
		return app, nil, err
	}
	r, ok := newRow(cursor{text: raw})
	for ok && r.more() {
		switch name, raw := r.name(), r.value(); name {
		case "id":
			app.ID = r.identifier("app_id", raw)
			r.key = app.ID
		case "name":
			app.Name = r.text("name", raw)
		case "created_at":
			app.CreatedAt = r.time("created_at", raw)
		default:
			r.keep(name, raw)
		}
	}
	app.Provenance = r.prov
	return app, r.verdict(model.EntityApp, app.ID == ""), nil
}

// session decodes one element of a session list, or the data of a session's own page, with
// the meeting's id in the letters of the API. Source of the fields: Cloudflare's OpenAPI
// document.
func (s *scanner) session(appID string) (model.Session, *model.Rejected, error) {
	session := model.Session{AppID: appID}
	raw, err := s.value()
	if err != nil {
		return session, nil, err
	}
	r, ok := newRow(cursor{text: raw})
	var end string
	for ok && r.more() {
		name, raw := r.name(), r.value()
		if r.sessionField(&session, name, raw); name == "ended_at" {
			end = raw
		}
	}
	// It would make one lesson of all that follow, and the session would never settle.
	r.doubt(model.IsFarBehind(session.EndedAt, session.StartedAt, session.CreatedAt, session.UpdatedAt), "ended_at", end, &session.EndedAt)
	session.Provenance = r.prov
	rejected := r.verdict(model.EntitySession, session.ID.IsZero())
	if rejected != nil {
		rejected.AppID, rejected.SessionID = appID, session.ID
	}
	return session, rejected, nil
}

func (r *row) sessionField(into *model.Session, name, raw string) {
	switch name {
	case "id":
		r.uuid("session_id", raw, &into.ID)
	case "associated_id":
		into.MeetingID = r.identifier("meeting_id", raw)
	case "meeting_display_name":
		into.MeetingTitle = r.text("meeting_title", raw)
	case "type":
		into.Type = r.text("session_type", raw)
	case "status":
		into.Status = r.text("status", raw)
	case "live_participants":
		into.LiveParticipants = r.count("live_participants", raw)
	case "max_concurrent_participants":
		into.MaxConcurrent = r.count("max_concurrent_participants", raw)
	case "minutes_consumed":
		into.MinutesConsumed = r.number("minutes_consumed", raw)
	case "started_at":
		into.StartedAt = r.time("started_at", raw)
	case "ended_at":
		into.EndedAt = r.time("ended_at", raw)
	case "created_at":
		into.CreatedAt = r.time("created_at", raw)
	case "updated_at":
		into.UpdatedAt = r.time("updated_at", raw)
	case "breakout_rooms":
		r.unlessEmpty(name, raw) // the detail has an empty list where the session list has none
	case "organization_id":
		r.repeated(name, raw, known{id: into.AppID})
	default:
		r.keep(name, raw)
	}
}

// participant decodes one element of a participants list and appends its events
// to the page. A participant that is set aside takes its events with it: they
// are in its raw text.
func (s *scanner) participant(appID string, sessionID model.UUID, page *model.ParticipantPage) error {
	raw, err := s.value()
	if err != nil {
		return err
	}
	r, ok := newRow(cursor{text: raw})
	into := peer{appID: appID, session: sessionID, page: page}
	firstEvent, firstRejected := len(page.Events), len(page.Rejected)
	var early []cursor // lists of events that stand before the ids they are compared with
	hasID, hasUser := false, false
	for ok && r.more() {
		name := r.name()
		switch name {
		case "peer_events":
			if hasID && hasUser {
				if err := r.events(&into, &r.cursor); err != nil {
					return err
				}
			} else {
				early = append(early, r.cursor)
				r.value()
			}
			continue
		case "id":
			hasID = true
		case "user_id":
			hasUser = true
		}
		r.participantField(&into.Participant, name, r.value())
	}
	for i := range early {
		if err := r.events(&into, &early[i]); err != nil {
			return err
		}
	}
	if rejected := r.verdict(model.EntityParticipant, into.ID.IsZero()); rejected != nil {
		page.Events = page.Events[:firstEvent]
		rejected.AppID, rejected.SessionID = appID, sessionID
		page.Rejected = append(page.Rejected[:firstRejected], *rejected)
		return nil
	}
	into.Provenance = r.prov
	page.Participants = append(page.Participants, into.Participant)
	adopt(page.Events[firstEvent:], page.Rejected[firstRejected:], into.ID)
	return nil
}

// adopt gives a participant's events the participant's id, which may stand
// behind them in the JSON text.
func adopt(events []model.PeerEvent, rejected []model.Rejected, id model.UUID) {
	for i := range events {
		events[i].ParticipantID = id
	}
	for i := range rejected {
		rejected[i].Key = id.String() + "/" + rejected[i].Key
	}
}

func (r *row) participantField(into *model.Participant, name, raw string) {
	switch name {
	case "id":
		r.uuid("participant_id", raw, &into.ID)
	case "user_id":
		into.UserID = r.folded("user_id", raw)
	case "custom_participant_id":
		into.CustomParticipantID = r.identifier("custom_participant_id", raw)
	case "display_name":
		into.DisplayName = r.text("display_name", raw)
	case "preset_name":
		into.PresetName = r.identifier("preset_name", raw)
	case "joined_at":
		into.JoinedAt = r.time("joined_at", raw)
	case "left_at":
		into.LeftAt = r.time("left_at", raw)
	case "duration":
		into.DurationMinutes = r.number("duration_minutes", raw)
	case "created_at":
		into.CreatedAt = r.time("created_at", raw)
	case "updated_at":
		into.UpdatedAt = r.time("updated_at", raw)
	default:
		r.keep(name, raw)
	}
}

// peer is a participant on its way into a page.
type peer struct {
	model.Participant
	appID   string
	session model.UUID
	page    *model.ParticipantPage
}

// events decodes a participant's peer_events, which come next at the cursor;
// null and absent mean none.
func (r *row) events(of *peer, at *cursor) error {
	switch at.skip() {
	case '[':
	case 'n':
		at.value()
		return nil
	default:
		r.reject("peer_events", fmt.Errorf("a list was wanted, found %s", clipRaw(at.value())))
		return nil
	}
	within := enclosing{session: of.session.String(), participant: of.ID.String(), user: of.UserID}
	at.enter()
	for at.more() {
		if len(of.page.Events) >= mostEvents || len(of.page.Rejected) >= mostRejected {
			return errCrowded
		}
		var e model.PeerEvent
		r, ok := newRow(*at)
		for ok && r.more() {
			r.eventField(&e, &within, r.name(), r.value())
		}
		at.at = r.at
		if rejected := r.verdict(model.EntityPeerEvent, e.ID.IsZero()); rejected != nil {
			rejected.AppID, rejected.SessionID = of.appID, of.session
			of.page.Rejected = append(of.page.Rejected, *rejected)
			continue
		}
		e.Provenance = r.prov
		of.page.Events = append(of.page.Events, e)
	}
	return nil
}

// enclosing names the records that hold an event. What an event's own
// participant_id means is documented nowhere: it may be the participant's id or
// its user_id, and which it was is kept.
type enclosing struct{ session, participant, user string }

func (r *row) eventField(into *model.PeerEvent, within *enclosing, name, raw string) {
	switch name {
	case "id":
		r.uuid("event_id", raw, &into.ID)
	case "event_name":
		into.Name = r.text("event_name", raw)
	case "peer_id":
		into.PeerID = r.folded("peer_id", raw)
	case "socket_session_id":
		into.SocketSessionID = r.folded("socket_session_id", raw)
	case "preset_view_type":
		into.PresetViewType = r.identifier("preset_view_type", raw)
	case "minutes_consumed":
		into.MinutesConsumed = r.number("minutes_consumed", raw)
	case "created_at":
		into.CreatedAt = r.time("created_at", raw)
	case "updated_at":
		into.UpdatedAt = r.time("updated_at", raw)
	case "session_id":
		into.OwnIDs |= r.repeated(name, raw, known{within.session, model.OwnSession})
	case "participant_id":
		into.OwnIDs |= r.repeated(name, raw, known{within.participant, model.OwnParticipant}, known{within.user, model.OwnUser})
	default:
		r.keep(name, raw)
	}
}
