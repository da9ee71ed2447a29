package extract

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Apps hands on every app of the account, page by page. With SchemeBasic that is
// the organization, and nothing is asked.
func (c *Client) Apps(ctx context.Context, each func(model.AppPage) error) (model.Pass, error) {
	if c.onlyApp != "" {
		only := model.App{ID: model.FoldID(c.cfg.AccountID), AccountID: c.cfg.AccountID}
		return model.Pass{Announced: 1, Distinct: 1}, each(model.AppPage{Apps: []model.App{only}})
	}
	return listing[model.AppPage]{
		path: appsPath,
		base: &c.bases.apps,
		row: func(s *scanner, page *model.AppPage) error {
			app, rejected, err := s.app(c.cfg.AccountID)
			if rejected != nil {
				page.Rejected = append(page.Rejected, *rejected)
			} else if err == nil {
				app.ID = c.fold(app.ID)
				page.Apps = append(page.Apps, app)
			}
			return err
		},
		keys: func(page *model.AppPage) []key {
			keys := rejectedKeys(page.Rejected, model.EntityApp)
			for i := range page.Apps {
				keys = append(keys, idKey(page.Apps[i].ID))
			}
			return keys
		},
	}.read(ctx, c, each)
}

// Sessions hands on the sessions of an app, oldest first, page by page. from and
// to bound the list in time; a zero time leaves it open. Which of a session's
// times the API compares, and whether the bounds are inclusive, is documented
// nowhere: use them to ask for less, never to decide. A fixed end keeps new
// sessions from shifting the pages.
func (c *Client) Sessions(ctx context.Context, appID string, from, to time.Time, each func(model.SessionPage) error) (model.Pass, error) {
	query := url.Values{"sort_by": {"createdAt"}, "sort_order": {"ASC"}}
	setTime(query, "start_time", from)
	setTime(query, "end_time", to)
	return listing[model.SessionPage]{
		path:   "/" + url.PathEscape(appID) + "/sessions",
		query:  query,
		member: "sessions",
		base:   &c.bases.sessions,
		row: func(s *scanner, page *model.SessionPage) error {
			session, rejected, err := s.session(appID)
			if rejected != nil {
				page.Rejected = append(page.Rejected, *rejected)
			} else if err == nil {
				session.MeetingID = c.fold(session.MeetingID)
				page.Sessions = append(page.Sessions, session)
			}
			return err
		},
		keys: func(page *model.SessionPage) []key {
			keys := rejectedKeys(page.Rejected, model.EntitySession)
			for i := range page.Sessions {
				keys = append(keys, key(page.Sessions[i].ID))
			}
			return keys
		},
	}.read(ctx, c, each)
}

// MostParticipants is how many participants one answer holds at most, as documented since
// autumn 2026.
const MostParticipants = 200

// Participants hands on the participants of a session with their events, in the
// order in which they joined, page by page: the only order in which a newcomer
// does not move the rows before it.
func (c *Client) Participants(ctx context.Context, appID string, id model.UUID, each func(model.ParticipantPage) error) (model.Pass, error) {
	return listing[model.ParticipantPage]{
		path: sessionPath(appID, id) + "/participants",
		query: url.Values{
			"include_peer_events": {"true"}, "view": {"raw"},
			"sort_by": {"joinedAt"}, "sort_order": {"ASC"},
		},
		most:   MostParticipants,
		member: "participants",
		base:   &c.bases.participants,
		row: func(s *scanner, page *model.ParticipantPage) error {
			return s.participant(appID, id, page)
		},
		keys: func(page *model.ParticipantPage) []key {
			keys := rejectedKeys(page.Rejected, model.EntityParticipant)
			for i := range page.Participants {
				keys = append(keys, key(page.Participants[i].ID))
			}
			return keys
		},
	}.read(ctx, c, each)
}

// Session reads one session by its id. The detail comes flat or, from older
// servers, below data.session; both are read. A session that cannot be used is
// a *model.RejectedError; another session's record is no answer.
func (c *Client) Session(ctx context.Context, appID string, id model.UUID) (model.Session, error) {
	var session model.Session
	var rejected *model.Rejected
	err := c.get(ctx, sessionPath(appID, id), nil, func(body []byte) (envelope, error) {
		return readDetail(body, "session", func(s *scanner) (err error) {
			session, rejected, err = s.session(appID)
			if err == nil && !session.ID.IsZero() && session.ID != id {
				return fmt.Errorf("%w: it is the record of session %s", errShape, session.ID)
			}
			return err
		})
	})
	if err == nil && rejected != nil {
		return model.Session{}, &model.RejectedError{Record: *rejected}
	}
	session.MeetingID = c.fold(session.MeetingID)
	return session, err
}

func sessionPath(appID string, id model.UUID) string {
	return "/" + url.PathEscape(appID) + "/sessions/" + id.String()
}

// setTime writes a bound with its milliseconds: the vendor's own client drops
// them, and part of the window with them.
func setTime(query url.Values, name string, t time.Time) {
	if !t.IsZero() {
		query.Set(name, t.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
}
