// Command bi reads Rollcall's views through BI tools that nobody here wrote, and
// compares what they say with what psql says: isql over ODBC, the way of Excel,
// Power BI and Tableau; and Malloy, a semantic layer that writes its own SQL from
// the model in malloy/rollcall.malloy.
//
//	bi ROLLCALL FOLDER
//
// runs the demo of that program in the folder, makes the role for BI tools, and
// asks all questions as that role. It needs psql, isql with the PostgreSQL driver,
// node, and the packages of malloy/package-lock.json installed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: bi ROLLCALL FOLDER")
		os.Exit(2)
	}
	if err := run(ctx, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "bi:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, program, folder string) (err error) {
	w, err := startDemo(ctx, program, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.stop()) }()
	byMalloy, err := w.malloy(ctx, questions)
	if err != nil {
		return err
	}
	for i, q := range questions {
		truth, err := w.psql(ctx, q.sql)
		if err != nil {
			return err
		}
		if len(truth) == 0 {
			return fmt.Errorf("%s: psql gives no rows", q.name)
		}
		byODBC, err := w.isql(ctx, q.sql)
		if err != nil {
			return err
		}
		for tool, rows := range map[string][][]string{"isql": byODBC, "Malloy": byMalloy[i]} {
			if difference := compare(truth, rows); difference != "" {
				return fmt.Errorf("%s: %s differs from psql: %s", q.name, tool, difference)
			}
		}
		fmt.Printf("%-58s %3d rows, the same by psql, isql and Malloy\n", q.name, len(truth))
	}
	return w.onlyReads(ctx)
}

// question is one thing to ask, as SQL and as a query of Malloy's model. The
// columns are in the same order.
type question struct{ name, sql, malloy string }

var questions = []question{
	{
		"sessions and attendance by app, joined",
		`SELECT app_name, count(*), sum(s.vendor_minutes), sum(a.attendances), sum(a.seconds) / 60
			FROM analytics.session_summary AS s CROSS JOIN LATERAL (
				SELECT count(*) AS attendances, coalesce(sum(present_seconds), 0) AS seconds
				FROM analytics.person_attendance WHERE session_id = s.session_id) AS a
			GROUP BY app_name ORDER BY app_name COLLATE "C"`,
		`run: sessions -> { group_by: app_name
			aggregate: session_count, billed_minutes, attendances is attendance.count(), inside is attendance.present_seconds.sum() / 60
			order_by: app_name }`,
	},
	{
		"who attended, names in any script",
		`SELECT display_name, first_join_at, present_seconds, visits, session_share FROM analytics.person_attendance
			WHERE meeting_title = 'Speaker rehearsal 1' ORDER BY first_join_at`,
		`run: attendance -> { where: meeting_title = 'Speaker rehearsal 1'
			select: display_name, first_join_at, present_seconds, visits, session_share order_by: first_join_at }`,
	},
	{
		"the largest sessions, by id",
		`SELECT session_id, meeting_title, peak_people, unique_people FROM analytics.session_summary
			ORDER BY peak_people DESC, session_id LIMIT 5`,
		`run: sessions -> { select: session_id, meeting_title, peak_people, unique_people
			order_by: peak_people desc, session_id limit: 5 }`,
	},
	{
		"usage by day",
		`SELECT usage_date, sum(unique_people), sum(person_seconds) / 3600, max(peak_people) FROM analytics.daily_usage
			GROUP BY usage_date ORDER BY usage_date`,
		`run: usage -> { group_by: usage_date aggregate: people_days, inside_hours, highest_peak order_by: usage_date }`,
	},
	{
		"who did not come, by course",
		`SELECT meeting_title, count(*) FROM analytics.no_shows WHERE is_final AND NOT nobody_came
			GROUP BY meeting_title ORDER BY count(*) DESC, meeting_title COLLATE "C"`,
		`run: no_shows -> { where: is_final and not nobody_came group_by: meeting_title aggregate: missed order_by: missed desc, meeting_title }`,
	},
	{
		"days that agree with the vendor",
		`SELECT status, count(*), sum(vendor_minutes) FROM analytics.reconciliation GROUP BY status ORDER BY status COLLATE "C"`,
		`run: agreement -> { group_by: status aggregate: app_days, vendor_total is vendor_minutes.sum() order_by: status }`,
	},
}
