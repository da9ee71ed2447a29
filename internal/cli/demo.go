package cli

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

//go:embed demo.sql
var attendanceSQL string

// demoCommand is the main job on embedded defaults.
type demoCommand struct {
	KeepRunning bool   `help:"Leave the private Postgres up until Ctrl-C, to look at the data with psql or a BI tool."`
	Seed        uint64 `default:"1" help:"Seed of the simulated sessions; each has a database of its own."`
	Live        bool   `help:"Show webhooks: a lesson begins, fills and ends, and each change is in the warehouse a moment later."`
	Lessons     int    `default:"2" help:"With --live: how many lessons."`
}

const (
	demoToken       = "demo-token"
	demoConnections = 24 // for two workers
)

// Run carries the command out.
func (c *demoCommand) Run(s *shell) error {
	if os.Getenv("ROLLCALL_LOG_LEVEL") == "" {
		s.logger = quietly(s.logger)
	}
	server, err := startPrivate(s.ctx, private.Config{Name: c.database(), AllowDownload: true, Logger: s.logger})
	if err != nil {
		return err
	}
	defer stopServer(s.ctx, server, s.logger)
	url := secret.New(server.URL())
	pool, err := postgres.Open(s.ctx, url, demoConnections)
	if err != nil {
		return err
	}
	defer pool.Close()
	screen := newScreen(s)
	screen.put("", "PostgreSQL %s, private, on 127.0.0.1:%d (%s)", server.Version(), server.Port(), server.Found())
	if _, err := postgres.MigrateUp(s.ctx, pool); err != nil {
		return err
	}
	if c.Live {
		return c.live(s, server.URL(), pool)
	}
	runErr := c.sync(s, pool)
	if runErr != nil && !errors.Is(runErr, errPartial) {
		return runErr
	}
	if err := printHoldings(s.ctx, screen, pool); err != nil {
		return err
	}
	shown, err := printAttendance(s.ctx, screen, pool)
	if err != nil {
		return err
	}
	if err := writeDemoReport(s, pool, shown); err != nil {
		return err
	}
	printNextSteps(screen, server, c.KeepRunning)
	if c.KeepRunning {
		<-s.ctx.Done()
	}
	return runErr
}

// database names the private Postgres: other sessions get one of their own.
func (c *demoCommand) database() string {
	switch {
	case c.Live:
		return fmt.Sprintf("demo-live-%d", c.Seed)
	case c.Seed == 1:
		return "demo"
	}
	return fmt.Sprintf("demo-%d", c.Seed)
}

// sync runs the simulator and, against it, exactly what run does.
func (c *demoCommand) sync(s *shell, pool *pgxpool.Pool) error {
	now, err := demoTime(s.ctx, pool)
	if err != nil {
		return err
	}
	data := simulator.Demo(c.Seed, now)
	api, err := serveSimulator(s.ctx, "127.0.0.1:0", simulator.New(data, simulator.Options{Token: demoToken}))
	if err != nil {
		return err
	}
	defer api.stop()
	screen := newScreen(s)
	screen.put("", "RealtimeKit simulator on %s", api.url)
	screen.line("")
	flags := demoFlags(data.AccountID, api.url)
	client, err := flags.client(secret.New(demoToken), nil, s.logger)
	if err != nil {
		return err
	}
	j := &job{shell: s, jobOf: jobOf{api: flags}, logger: s.logger, client: client, pool: pool}
	result, err := j.run(s.ctx, pipeline.Plan{Kind: model.KindRun, Optional: pipeline.Optional{Enrolment: true, Daywise: true}})
	written := result.Totals.Inserted + result.Totals.Updated + result.Optional.Inserted + result.Optional.Updated + result.Optional.Removed
	if err == nil && written == 0 {
		screen.put("", "Nothing changed since the last run: no row was written.")
	}
	return err
}

func demoFlags(accountID, url string) *apiFlags {
	return &apiFlags{
		accountFlags: accountFlags{AccountID: accountID}, BaseURL: url, RequestsPerSecond: 1000, QuotaShare: 0.2,
		MaxWait: time.Minute, RetryFor: time.Minute, PerPage: 100, Concurrency: 4,
		Lookback: 72 * time.Hour, Settle: time.Hour,
	}
}

// printHoldings says how much the warehouse holds.
func printHoldings(ctx context.Context, w *screen, pool *pgxpool.Pool) error {
	var apps, sessions, live, people, participants, events int
	err := pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM realtimekit.apps),
			(SELECT count(*) FROM realtimekit.sessions), (SELECT count(*) FROM realtimekit.sessions WHERE status = 'LIVE'),
			(SELECT count(DISTINCT user_id) FROM realtimekit.participants), (SELECT count(*) FROM realtimekit.participants),
			(SELECT count(*) FROM realtimekit.peer_events)`).
		Scan(&apps, &sessions, &live, &people, &participants, &events)
	if err != nil {
		return fmt.Errorf("count the rows: %w", err)
	}
	w.line("")
	w.put("", "The warehouse holds %d apps, %d sessions (%d of them live), %d participants (%d people) and %d peer events.",
		apps, sessions, live, participants, people, events)
	return nil
}

// demoTime gives the moment around which the simulated sessions lie: that of
// the first demo on this database, to the hour, so that a second one finds the
// same data.
func demoTime(ctx context.Context, pool *pgxpool.Pool) (time.Time, error) {
	var first time.Time
	err := pool.QueryRow(ctx, `SELECT started_at FROM sync.runs WHERE account_id = $1 ORDER BY run_id LIMIT 1`,
		simulator.DemoAccountID).Scan(&first)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Now().UTC().Truncate(time.Hour), nil
	}
	return first.UTC().Truncate(time.Hour), err
}

// tableColumns is how wide a terminal must be for the whole table.
const tableColumns = 80

// printAttendance shows who attended one session: the class with the most
// rejoins says more than the largest. It gives the session, zero if there is
// none to show.
func printAttendance(ctx context.Context, w *screen, pool *pgxpool.Pool) (id model.UUID, err error) {
	var title string
	var started time.Time
	var people int
	err = pool.QueryRow(ctx, `SELECT s.session_id, coalesce(s.meeting_title, ''), s.started_at,
			count(DISTINCT coalesce(p.user_id, p.participant_id::text))
		FROM realtimekit.sessions AS s JOIN realtimekit.participants AS p USING (session_id)
		WHERE s.status = 'ENDED' GROUP BY s.session_id
		HAVING count(DISTINCT p.user_id) BETWEEN 4 AND 12 OR count(*) <= 40
		ORDER BY count(*) - count(DISTINCT p.user_id) DESC, s.started_at DESC, s.session_id LIMIT 1`).
		Scan(&id, &title, &started, &people)
	if errors.Is(err, pgx.ErrNoRows) {
		return model.UUID{}, nil
	}
	if err != nil {
		return id, fmt.Errorf("choose a session to show: %w", err)
	}
	rows, err := pool.Query(ctx, attendanceSQL, id)
	if err != nil {
		return id, fmt.Errorf("read the attendance: %w", err)
	}
	t := table.NewWriter()
	t.SetOutputMirror(w.w)
	t.SetStyle(table.StyleLight)
	if w.width > 0 && w.width < tableColumns {
		t.SetColumnConfigs([]table.ColumnConfig{{Name: "Preset", Hidden: true}, {Name: "First join", Hidden: true}, {Name: "Last leave", Hidden: true}, {Name: "Visits", Hidden: true}})
	}
	t.AppendHeader(table.Row{"Name", "Preset", "First join", "Last leave", "Minutes", "Visits"})
	var name, preset string
	var join, leave time.Time
	var minutes float64
	var visits int
	shown := 0
	_, err = pgx.ForEachRow(rows, []any{&name, &preset, &join, &leave, &minutes, &visits}, func() error {
		shown++
		t.AppendRow(table.Row{
			oneLine(name), oneLine(preset), join.UTC().Format(time.TimeOnly), leave.UTC().Format(time.TimeOnly),
			fmt.Sprintf("%.1f", minutes), visits,
		})
		return nil
	})
	if err != nil {
		return id, fmt.Errorf("read the attendance: %w", err)
	}
	w.line("")
	w.put("", "Who attended %q on %s (UTC), first %d of %d people:",
		oneLine(title), started.UTC().Format("2006-01-02"), shown, people)
	t.Render()
	return id, nil
}

// printNextSteps says how to look at the data, without a way to change it.
func printNextSteps(w *screen, server *private.Server, running bool) {
	w.line("")
	if running {
		w.put("", "The database stays up until Ctrl-C. Look at it, read-only:")
	} else {
		w.put("", "The database stops with this command. With demo --keep-running it stays up, on another port; look at it, read-only:")
	}
	w.line("")
	// Commands stay in one piece, to be copied.
	fmt.Fprintf(w.w, "  PGOPTIONS='-c default_transaction_read_only=on' %s\n\n", server.PsqlCommand())
	fmt.Fprint(w.w, naming.Text(`  \dt+ realtimekit.*
  SELECT meeting_title, started_at, count(*) FROM realtimekit.sessions JOIN realtimekit.participants USING (session_id) GROUP BY session_id ORDER BY started_at DESC;
  SELECT * FROM sync.runs ORDER BY run_id DESC LIMIT 5;
`))
}
