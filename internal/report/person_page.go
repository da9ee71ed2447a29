package report

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

const ownLessonsSQL = `SELECT occurrence_id::text, coalesce(meeting_title, ''), starts_at, ends_at, is_final, status, has_left_early, coalesce(excuse, ''),
	present_seconds, late_seconds, left_early_seconds, share, first_join_at, last_leave_at
	FROM analytics.register WHERE ` + ownLessons + ` ORDER BY starts_at, occurrence_id, first_join_at NULLS LAST`

// ownLessons restricts the register; a meeting is read as a whole.
const ownLessons = `app_id = $1 AND meeting_id = ANY ($2) AND person_id = ANY ($3) AND starts_at >= $4 AND starts_at < $5`

// ownLesson is a row of the register.
type ownLesson struct {
	ID, Title            string
	StartsAt, EndsAt     time.Time
	Final                bool
	Status               string
	Early                bool
	Excuse               string
	Seconds              float64
	Late, LeftEarly      *float64
	Share                *float64
	FirstJoin, LastLeave *time.Time
}

// Said gives the status in words.
func (l *ownLesson) Said() string {
	switch {
	case l.Status == "late" && l.Early:
		return "late, left early"
	case l.Status == "left_early":
		return "left early"
	}
	return l.Status
}

const ownSessionsSQL = `SELECT session_id, coalesce(meeting_title, ''), session_starts_at, session_ends_at, first_join_at, last_leave_at,
	present_seconds, visits, session_share, late_seconds, is_inside, person_id
	FROM analytics.person_attendance WHERE person_id = ANY ($1) AND session_id = ANY ($2) ORDER BY session_starts_at NULLS FIRST, session_id`

const ownStaysSQL = `SELECT p.session_id::text || p.person_id, lower(v), upper(v) FROM analytics.person_presence AS p CROSS JOIN LATERAL unnest(p.presence) AS v
	WHERE p.person_id = ANY ($1) AND p.session_id = ANY ($2) ORDER BY 1, 2`

// ownSession is a session that the person was inside.
type ownSession struct {
	ID                   model.UUID
	Title                string
	StartsAt, EndsAt     *time.Time
	FirstJoin, LastLeave time.Time
	Seconds              float64
	Visits               int64
	Share, Late          *float64
	Inside               bool
	Person               string
}

// personData is what the page is made of.
type personData struct {
	somebody

	lessons  []ownLesson
	sessions []ownSession
	stays    []stayRow
	seconds  float64
}

const ownSecondsSQL = `SELECT coalesce(sum(present_seconds), 0) FROM (
	SELECT extract(epoch FROM sum(upper(v) - lower(v)))::float8 AS present_seconds
	FROM unnest((SELECT range_agg(presence) FROM analytics.person_presence WHERE person_id = ANY ($1) AND session_id = ANY ($2))) AS v) AS t`

func (d *personData) load(ctx context.Context, tx pgx.Tx) error {
	if err := d.find(ctx, tx); err != nil {
		return err
	}
	if err := list(ctx, tx, &d.lessons, ownLessonsSQL, d.lessonArgs()...); err != nil {
		return err
	}
	if err := list(ctx, tx, &d.sessions, ownSessionsSQL, d.IDs, d.Sessions); err != nil {
		return err
	}
	if err := list(ctx, tx, &d.stays, ownStaysSQL, d.IDs, d.Sessions); err != nil {
		return err
	}
	return postgres.Failed("sum the time inside", tx.QueryRow(ctx, ownSecondsSQL, d.IDs, d.Sessions).Scan(&d.seconds))
}

// lessonArgs are the arguments of ownLessons.
func (w *somebody) lessonArgs() []any {
	return []any{w.App, w.Meetings, w.IDs, w.from, w.to}
}

// personPage is what the page shows.
type personPage struct {
	Title, App, Range, DaysIn                      string
	IDs, Names                                     []string
	Lessons                                        []ownLesson
	Visits                                         []sessionRow
	Present, Late, Early, Absent, Excused, Counted int64
	Share                                          *float64
	Seconds                                        float64
}

type sessionRow struct {
	ownSession
	Times []stay // of more than one visit, the first few
	More  int
}

func (d *personData) view() *personPage {
	v := &personPage{App: nameOf(d.AppName, d.App), Range: rangeOf(d.From, d.To), DaysIn: d.zone, Seconds: d.seconds}
	v.Title = nameOf(append(append([]string{}, d.Names...), d.ID)...)
	if len(d.Names) > 1 {
		v.Names = d.Names[1:]
	}
	for _, ids := range [][]string{{d.ID}, d.Customs, d.Users} {
		for _, id := range ids {
			v.IDs = addTo(v.IDs, clean(id))
		}
	}
	for i := range d.lessons {
		l := d.lessons[i]
		// Enrolled by two ids, and here neither: the register has both.
		if n := len(v.Lessons); n > 0 && v.Lessons[n-1].ID == l.ID && v.Lessons[n-1].StartsAt.Equal(l.StartsAt) {
			continue
		}
		v.count(&l)
		v.Lessons = append(v.Lessons, l)
	}
	if v.Share != nil {
		*v.Share /= float64(v.Counted)
	}
	stays := map[string][]stay{}
	for _, s := range d.stays {
		stays[s.Person] = append(stays[s.Person], stay{From: s.From, To: s.To})
	}
	for i := range d.sessions {
		row := sessionRow{ownSession: d.sessions[i]}
		if own := stays[row.ID.String()+row.Person]; len(own) > 1 {
			row.Times = own[:min(len(own), maxTimes)]
			row.More = len(own) - len(row.Times)
		}
		v.Visits = append(v.Visits, row)
	}
	return v
}

// count adds a lesson to the sums, as the register's page does.
func (v *personPage) count(l *ownLesson) {
	if !l.Final {
		l.Status, l.Early, l.LeftEarly = soFar(l.Status), false, nil
		return
	}
	switch l.Status {
	case "excused":
		v.Excused++
		return
	case "absent":
		v.Absent++
	default:
		v.Present++
	}
	if l.Status == "late" {
		v.Late++
	}
	if l.Early {
		v.Early++
	}
	v.Counted++
	if l.Share != nil {
		if v.Share == nil {
			v.Share = new(float64)
		}
		*v.Share += *l.Share
	}
}

// rangeOf writes the days of a range, of which an end may be open.
func rangeOf(from, to time.Time) string {
	last := to.AddDate(0, 0, -1).Format(time.DateOnly)
	switch {
	case from.IsZero() && to.IsZero():
		return "all days"
	case from.IsZero():
		return "until " + last
	case to.IsZero():
		return "from " + from.Format(time.DateOnly)
	}
	return from.Format(time.DateOnly) + " to " + last
}
