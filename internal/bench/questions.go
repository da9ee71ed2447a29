package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// crowdSQL fills a warehouse with so many sessions, faster than a run does.
//
//go:embed sql/crowd.sql
var crowdSQL string

// Sessions and ranges of the crowd.
const (
	webinar  = "md5('0')::uuid"
	class    = "md5('-1')::uuid"
	oneDay   = ">= timestamptz '2026-01-08Z' AND %[1]s < timestamptz '2026-01-09Z'"
	oneMonth = ">= timestamptz '2026-01-01Z' AND %[1]s < timestamptz '2026-02-01Z'"
)

// question is one that somebody asks, and at most how many milliseconds of the
// server's CPU it may take.
type question struct {
	name, sql string
	most      float64
}

func within(column, bounds string) string { return column + " " + fmt.Sprintf(bounds, column) }

// perSession are the views of which a session has rows, and when they say it began.
var perSession = []struct{ view, startsAt string }{
	{"session_bounds", "starts_at"},
	{"participant_intervals", ""},
	{"person_presence", ""},
	{"person_attendance", "session_starts_at"},
	{"session_concurrency", ""},
	{"session_drop_off", ""},
	{"join_latency", ""},
	{"rejoins", ""},
	{"person_overlap", ""},
	{"session_summary", "starts_at"},
	{"no_shows", "session_started_at"},
	{"data_quality", "started_at"},
	{"presence_by_day", ""},
}

func questions() (all []question) {
	for _, view := range []string{"person_attendance", "session_concurrency", "session_drop_off", "rejoins", "session_summary"} {
		most := 60.0
		if view == "session_summary" {
			most = 120
		}
		all = append(all, question{view + " of 10,000 people", "SELECT * FROM analytics." + view + " WHERE session_id = " + webinar, most},
			question{view + " of 25 people", "SELECT * FROM analytics." + view + " WHERE session_id = " + class, 3})
	}
	for _, join := range [][4]string{
		{"session_bounds", "person_attendance", "starts_at", "session_id"},
		{"session_summary", "person_overlap", "starts_at", "session_id"},
		{"person_attendance", "rejoins", "session_starts_at", "session_id, person_id"},
	} {
		all = append(all, question{
			join[0] + " and " + join[1] + " of a day",
			"SELECT * FROM analytics." + join[0] + " AS a JOIN analytics." + join[1] + " AS b USING (" + join[3] + ") WHERE " + within("a."+join[2], oneDay), 0,
		})
	}
	for _, v := range perSession {
		condition := "app_id = 'school 3' AND " + within(v.startsAt, oneDay)
		if v.startsAt == "" { // as rollcall report asks
			condition = "session_id IN (SELECT session_id FROM analytics.session_bounds WHERE app_id = 'school 3') " +
				"AND session_id IN (SELECT session_id FROM analytics.session_bounds WHERE " + within("starts_at", oneDay) + ")"
		}
		all = append(all, question{"report of " + v.view + ", school, day", "SELECT * FROM analytics." + v.view + " WHERE " + condition, 0})
	}
	all = append(all,
		question{"no_shows of a school and month", "SELECT * FROM analytics.no_shows WHERE app_id = 'school 3' AND " + within("session_started_at", oneMonth), 1000},
		question{"no_shows of a course and term", "SELECT * FROM analytics.no_shows WHERE app_id = 'school 1' AND meeting_id = 'course 1'", 200},
		question{"clinician with patient, month", `SELECT o.* FROM analytics.person_overlap AS o JOIN analytics.session_bounds AS b USING (session_id)
			WHERE o.person_id = 'pupil 0-12' AND o.other_person_id = 'teacher 0' AND ` + within("b.starts_at", oneMonth), 300},
		question{"a person across all meetings", "SELECT * FROM analytics.person_attendance WHERE custom_participant_id = 'pupil 0-8'", 50},
		question{"daily_usage of a month", "SELECT * FROM analytics.daily_usage WHERE usage_date BETWEEN '2026-01-01' AND '2026-01-31'", 5})
	for _, v := range perSession {
		all = append(all, question{"all of " + v.view + ", no webinar", "SELECT DISTINCT session_id FROM analytics." + v.view + " WHERE session_id <> " + webinar, 60000})
	}
	return all
}

// ask prints what each question costs on so many sessions of 20 people.
func (b *bench) ask(ctx context.Context) (err error) {
	w, err := b.newWarehouse(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.drop(ctx)) }()
	if err := fillCrowd(ctx, w, b.questions); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	// Line by line, since the last take longest.
	const head, line = "%-48s %10s %8s %10s %11s\n", "%-48s %10.1f %8s %10d %11d\n"
	fmt.Fprintf(b.stdout, head, "question", "CPU ms", "at most", "rows read", "rows given")
	for _, q := range questions() {
		a, err := answer(ctx, w, q)
		if err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		most := ""
		if q.most > 0 {
			most = strconv.FormatFloat(q.most, 'f', -1, 64)
		}
		fmt.Fprintf(b.stdout, line, q.name, float64(a.cpu.Microseconds())/1000, most, a.read, a.given)
	}
	return nil
}

// fillCrowd stores the sessions, and derives and counts as a run does.
func fillCrowd(ctx context.Context, w *warehouse, sessions int) error {
	for sql := range strings.SplitSeq(crowdSQL, ";\n") {
		if _, err := w.Exec(ctx, sql, sessions); err != nil {
			return err
		}
	}
	if _, err := w.Exec(ctx, "VACUUM (ANALYZE)"); err != nil { // as after months of runs
		return err
	}
	rows, err := w.Query(ctx, `SELECT array_agg(session_id) FROM (SELECT session_id, row_number() OVER (ORDER BY started_at, session_id) / $1 AS n
		FROM realtimekit.sessions) AS s GROUP BY n ORDER BY n`, dayBatch)
	if err != nil {
		return err
	}
	batches, err := pgx.CollectRows(rows, pgx.RowTo[[]pgtype.UUID])
	if err != nil {
		return err
	}
	for _, ids := range batches {
		if _, err := w.Exec(ctx, "SELECT analytics.derive($1), analytics.count_sessions($1)", ids); err != nil {
			return err
		}
	}
	_, err = w.Exec(ctx, "VACUUM (ANALYZE)")
	return err
}

// answered is what a question took.
type answered struct {
	cpu         time.Duration
	read, given int64 // rows
}

// askFor is how much CPU time the server is to spend on a question before it is divided
// by how often it was asked: the clock of processes goes in steps of ten milliseconds.
var askFor = 300 * time.Millisecond

// answer asks once and counts rows, and then again and again and measures. It asks on one
// connection without helpers, so that all of the time and all rows are its own.
func answer(ctx context.Context, w *warehouse, q question) (a answered, err error) {
	err = pgx.BeginFunc(ctx, w.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL max_parallel_workers_per_gather = 0"); err != nil {
			return err
		}
		ask := func() error {
			tag, err := tx.Exec(ctx, q.sql, pgx.QueryExecModeSimpleProtocol)
			a.given = tag.RowsAffected()
			return err
		}
		var before, pages int64
		err := tx.QueryRow(ctx, readSQL).Scan(&before, &pages)
		if err = errors.Join(err, ask()); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, readSQL).Scan(&a.read, &pages); err != nil {
			return err
		}
		a.read -= before
		pid := int(tx.Conn().PgConn().PID())
		began, _, _ := processTime(pid)
		for asked := time.Duration(1); asked <= 300; asked++ {
			if err := ask(); err != nil {
				return err
			}
			now, _, _ := processTime(pid)
			if a.cpu = (now - began) / asked; now-began >= askFor {
				break
			}
		}
		return nil
	})
	return a, err
}
