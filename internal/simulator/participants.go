package simulator

import "cmp"

// row is a participant with its place in the session, counted from 0.
type row struct {
	*Participant
	n int
}

func (c *call) listParticipants(app *App, s *Session) ([]byte, *apiError) {
	q := &c.query
	r := renderer{Dialect: c.dialect, events: q.boolean("include_peer_events")}
	consolidated := q.choice("view", "raw", "consolidated") == "consolidated"
	by := q.choice("sort_by", "joinedAt", "duration")
	desc := q.choice("sort_order", "DESC", "ASC") == "DESC"
	pages := c.pages()
	if q.err != nil {
		return nil, q.err
	}
	if consolidated {
		r.added = breakoutMinutes(app, s)
	}
	rows := searchRows(s, q.search())
	order(rows, desc, c.flips(), func(a, b row) int {
		if by == "duration" {
			return cmp.Compare(length(a.Participant), length(b.Participant))
		}
		return a.JoinedAt.Compare(b.JoinedAt)
	})
	return c.dialect.list(c.buf, "participants", pages(len(rows)), func(buf []byte, n int) []byte {
		return r.participant(buf, rows[n].Participant, rows[n].n)
	}), nil
}

// searchRows returns the rows whose id, custom id or name contains the text.
func searchRows(s *Session, search string) []row {
	rows := make([]row, 0, len(s.Participants))
	for i, p := range s.Participants {
		if p != nil && found(search, p.ID, p.CustomParticipantID, p.DisplayName) {
			rows = append(rows, row{p, i})
		}
	}
	return rows
}

// length is the duration to sort by: without one a row comes first.
func length(p *Participant) float64 {
	if p.DurationMinutes == nil {
		return -1
	}
	return *p.DurationMinutes
}

// breakoutMinutes sums the minutes spent in the rooms of a session by user_id.
func breakoutMinutes(app *App, s *Session) map[string]float64 {
	sum := map[string]float64{}
	for _, child := range children(app, s) {
		for _, p := range child.Participants {
			if p != nil && p.DurationMinutes != nil {
				sum[p.UserID] += *p.DurationMinutes
			}
		}
	}
	return sum
}

func (c *call) participantDetail(s *Session) ([]byte, *apiError) {
	r := renderer{Dialect: c.dialect, events: c.query.boolean("include_peer_events")}
	if c.query.err != nil {
		return nil, c.query.err
	}
	for i, p := range s.Participants {
		if p != nil && p.ID == c.route.participant {
			buf := c.ok(`{"participant":`)
			return append(r.participant(buf, p, i), "}}"...), nil
		}
	}
	return nil, notFound("No participant found")
}
