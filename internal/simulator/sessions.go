package simulator

import (
	"cmp"
	"slices"
	"time"
)

// sessionFilter is what GET /sessions can be asked for.
type sessionFilter struct {
	from, to    time.Time
	column      TimeColumn
	status      string
	search      string
	meeting     string
	least, most int // participants
	noChildren  bool
}

func (c *call) sessionFilter() sessionFilter {
	q := &c.query
	f := sessionFilter{
		from:       q.instant("start_time"),
		to:         q.instant("end_time"),
		column:     c.dialect.StartTimeOn,
		status:     q.choice("status", "", StatusLive, StatusEnded),
		search:     q.search(),
		meeting:    q.values.Get("associated_id"),
		noChildren: c.dialect.HideChildSessions,
	}
	f.least, f.most = q.span("participants")
	return f
}

func (f *sessionFilter) match(s *Session) bool {
	at := s.CreatedAt
	switch f.column {
	case OnStarted:
		at = s.StartedAt
	case OnEnded:
		at = s.EndedAt
	case OnCreated:
	}
	switch {
	case !within(at, f.from, f.to),
		f.status != "" && s.Status != f.status,
		f.meeting != "" && s.MeetingID != f.meeting,
		f.noChildren && s.ParentID != "",
		len(s.Participants) < f.least || len(s.Participants) > f.most:
		return false
	}
	return found(f.search, s.MeetingTitle, s.MeetingID, s.ID)
}

func (c *call) listSessions(app *App) ([]byte, *apiError) {
	filter := c.sessionFilter()
	by := c.query.choice("sort_by", "createdAt", "minutesConsumed")
	desc := c.query.choice("sort_order", "DESC", "ASC") == "DESC"
	pages := c.pages()
	if c.query.err != nil {
		return nil, c.query.err
	}
	rows := make([]*Session, 0, len(app.Sessions))
	for _, s := range app.Sessions {
		if s != nil && filter.match(s) {
			rows = append(rows, s)
		}
	}
	order(rows, desc, c.flips(), func(a, b *Session) int {
		if by == "minutesConsumed" {
			return cmp.Compare(a.MinutesConsumed, b.MinutesConsumed)
		}
		return a.CreatedAt.Compare(b.CreatedAt)
	})
	return c.dialect.list(c.buf, "sessions", pages(len(rows)), func(buf []byte, n int) []byte {
		return c.dialect.session(buf, rows[n], "")
	}), nil
}

// order sorts rows; ties keep the stored order, or turn it where flip is set.
// Rows that already stand in order cost one comparison each.
func order[T any](rows []T, desc, flip bool, compare func(a, b T) int) {
	if desc {
		ascending := compare
		compare = func(a, b T) int { return ascending(b, a) }
	}
	if flip {
		slices.Reverse(rows)
	}
	if !slices.IsSortedFunc(rows, compare) {
		slices.SortStableFunc(rows, compare)
	}
}

func (c *call) sessionDetail(app *App, s *Session) ([]byte, *apiError) {
	withRooms := c.query.boolean("include_breakout_rooms")
	if c.query.err != nil {
		return nil, c.query.err
	}
	rooms := []byte{'['}
	for _, child := range children(app, s) {
		if !withRooms {
			break
		}
		if len(rooms) > 1 {
			rooms = append(rooms, ',')
		}
		rooms = c.dialect.session(rooms, child, "")
	}
	rooms = append(rooms, ']')
	opening, closing := "", "}"
	if c.dialect.NestedDetail {
		opening, closing = `{"session":`, "}}"
	}
	return append(c.dialect.session(c.ok(opening), s, string(rooms)), closing...), nil
}

// children returns the breakout rooms of a session.
func children(app *App, parent *Session) []*Session {
	var rooms []*Session
	for _, s := range app.Sessions {
		if s != nil && s.ParentID == parent.ID {
			rooms = append(rooms, s)
		}
	}
	return rooms
}
