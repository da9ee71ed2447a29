// Command bi reads Rollcall's views through BI tools that nobody here wrote, and
// compares what they say with what psql says: isql over ODBC, the way of Excel,
// Power BI and Tableau; and Malloy, a semantic layer that writes its own SQL from
// the model in malloy/rollcall.malloy. What it asks of metrics, the step dbt asks of
// MetricFlow as well.
//
//	bi ROLLCALL FOLDER
//
// runs the demo of that program in the folder, makes the role for BI tools, and
// asks all questions as that role. It needs psql, isql with the PostgreSQL driver,
// node, and the packages of malloy/package-lock.json installed.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
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
	if _, err := w.psql(ctx, prices); err != nil {
		return err
	}
	var questions []question
	if err := json.Unmarshal(metricQuestions, &questions); err != nil {
		return err
	}
	questions = append(questions, viewQuestions...)
	byMalloy, err := w.malloy(ctx, questions)
	if err != nil {
		return err
	}
	for i, q := range questions {
		truth, err := w.psql(ctx, q.SQL)
		if err != nil {
			return err
		}
		if len(truth) == 0 {
			return fmt.Errorf("%s: psql gives no rows", q.Name)
		}
		byODBC, err := w.isql(ctx, q.SQL)
		if err != nil {
			return err
		}
		for tool, rows := range map[string][][]string{"isql": byODBC, "Malloy": byMalloy[i]} {
			if difference := compare(truth, rows); difference != "" {
				return fmt.Errorf("%s: %s differs from psql: %s", q.Name, tool, difference)
			}
		}
		fmt.Printf("%-58s %3d rows, the same by psql, isql and Malloy\n", q.Name, len(truth))
	}
	return w.onlyReads(ctx)
}

// question is one thing to ask, as SQL and as a query of Malloy's model. The
// columns are in the same order.
type question struct {
	Name   string `json:"name"`
	SQL    string `json:"sql"`
	Malloy string `json:"malloy"`
}

// metricQuestions ask for the metrics of deploy/metrics.yml. Their SQL is written
// by hand, from other tables where there are any.
//
//go:embed metrics.json
var metricQuestions []byte

// prices make the cost of the demo's sessions known.
const prices = `INSERT INTO analytics.prices (app_id, valid_from, price_per_minute, currency)
	VALUES (NULL, '2020-01-01', 0.0005, 'USD'), ((SELECT app_id FROM realtimekit.apps WHERE name = 'harbour-clinic'), '2020-01-01', 0.002, 'EUR')`

var viewQuestions = []question{
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
		`run: sessions -> { select: session_key, meeting_title, peak_people, unique_people
			order_by: peak_people desc, session_key limit: 5 }`,
	},
	{
		"sessions counted by id, and one compared with it",
		`SELECT count(DISTINCT session_id), 1 FROM analytics.session_summary`,
		`run: sessions -> { aggregate: ids is count(session_key),
			with_nil is count() { where: session_key != '00000000-0000-0000-0000-000000000000' } / count() }`,
	},
}
