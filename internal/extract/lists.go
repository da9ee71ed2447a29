package extract

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

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
				keys = append(keys, textKey(page.Apps[i].ID))
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

// listing describes one list of the API: how to ask for a page of type P, how
// to read a row of it, and by what its rows are told apart.
type listing[P any] struct {
	path   string
	base   *pageBase
	query  url.Values
	most   int    // rows that the API gives at most; 0 where it names no bound
	member string // member of data that holds the rows; data itself may hold them too
	also   string // another member that may hold them; empty for none
	single string // member by which data is a single record and no list; empty where it never is
	strict bool   // an answer without a list, null even, is no empty list but no answer
	row    func(s *scanner, page *P) error
	keys   func(page *P) []key
}

// read walks over the whole list and hands each page to each.
func (l listing[P]) read(ctx context.Context, c *Client, each func(P) error) (model.Pass, error) {
	size := c.cfg.PerPage
	if l.most > 0 {
		size = min(size, l.most)
	}
	if taken := int(l.base.most.Load()); taken > 0 {
		size = min(size, taken)
	}
	return walkList(ctx, size, l.base, func(ctx context.Context, number, size int) (fetched, error) {
		query := url.Values{"page_no": {strconv.Itoa(number)}, "per_page": {strconv.Itoa(size)}}
		maps.Copy(query, l.query)
		var page P
		var env envelope
		err := c.get(ctx, l.path, query, func(body []byte) (envelope, error) {
			page = *new(P) // an attempt that failed half-way leaves nothing
			var found members
			var err error
			env, err = readEnvelope(body, func(s *scanner, name string) error {
				if name != l.member && name != "" && (name != l.also || l.also == "") {
					return found.unknown(s, name)
				}
				found.known, found.listed = true, found.listed || s.dec.PeekKind() == jsontext.KindBeginArray
				return s.array(func() error { return l.row(s, &page) })
			})
			if err == nil && env.success && !found.listed {
				found.listed, err = l.one(body, &page)
			}
			if err == nil && env.success && env.hasData && !found.listed {
				err = found.missing(l.strict)
			}
			return env, err
		})
		return fetched{paging: env.paging, keys: l.keys(&page), deliver: func() error { return each(page) }}, err
	})
}

// members tells what was found below the data of an answer that should hold a list.
type members struct {
	known  bool   // the member that holds the rows, be it null
	listed bool   // and a list in it
	other  string // the first other member that holds a list of something
}

// unknown passes over a member of another name.
func (m *members) unknown(s *scanner, name string) error {
	raw, err := s.value()
	if err == nil && m.other == "" && kindOf(raw) == jsontext.KindBeginArray && strings.Trim(raw, "[] \t\r\n") != "" {
		m.other = name
	}
	return err
}

// missing says that there is no list: where one is a must, and where rows stand below a
// name that nobody knows. They would else pass for none.
func (m *members) missing(strict bool) error {
	switch {
	case m.other != "" && !m.known:
		return fmt.Errorf("%w: data holds no list under its name, but one under %q; this version cannot read it", errShape, clipRaw(model.VisibleText(m.other)))
	case strict:
		return fmt.Errorf("%w: data holds no list", errShape)
	}
	return nil
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

// rejectedKeys gives the keys of the rejected records of an entity, so that a
// record that was set aside still counts as seen.
func rejectedKeys(rejected []model.Rejected, entity string) []key {
	var keys []key
	for i := range rejected {
		if rejected[i].Entity != entity {
			continue
		}
		if id, err := model.ParseUUID(rejected[i].Key); err == nil {
			keys = append(keys, key(id))
		} else {
			keys = append(keys, textKey(rejected[i].Key))
		}
	}
	return keys
}
