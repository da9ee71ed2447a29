package pipeline_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

const token = "canary-token-4711"

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

// rig is the whole path: a simulated API behind real HTTP, the client, the
// pipeline, and a database of the test's own.
type rig struct {
	t    *testing.T
	sim  *simulator.Server
	data *simulator.Data
	pool *pgxpool.Pool

	database secret.Text
	log      *bytes.Buffer
	logger   *slog.Logger // the one that writes to it, all there is to say

	extract extract.Config
	budget  extract.BudgetConfig
	config  pipeline.Config // Now is the time, which the database's and the API's clocks show
	privacy warehouse.Privacy
	skew    time.Duration // by how much the clock of the program's machine is wrong
}

// at is the moment around which the data sets lie and at which the pipeline's
// clock begins: noon of a Wednesday, whatever the day on which the tests run.
// The demo data has working hours, so the time of day decides what lies within
// the lookback.
var at = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)

// endPauses lets so much time go by for what waits for another try.
func (r *rig) endPauses(after time.Duration) {
	r.t.Helper()
	for _, column := range []string{"sync.session_states SET retry_at = retry_at", "sync.meeting_states SET retry_at = retry_at", "sync.meeting_states SET empty_since = empty_since"} {
		if _, err := r.pool.Exec(r.t.Context(), `UPDATE `+column+` - $1::interval`, after); err != nil {
			r.t.Fatal(err)
		}
	}
}

func newRig(t *testing.T, data *simulator.Data) *rig {
	t.Helper()
	url := secret.New(pgtest.New(t))
	now := clock(at)
	sim := simulator.New(data, simulator.Options{Token: token, Now: now})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	r := &rig{t: t, sim: sim, data: data, database: url}
	r.newLog()
	r.connect()
	r.extract = extract.Config{
		BaseURL: server.URL + "/client/v4", AccountID: data.AccountID, Token: secret.New(token), UserAgent: "test",
		PerPage: 50, MaxBody: 64 << 20, RetryFor: time.Minute, Timeout: 10 * time.Second,
	}
	r.budget = extract.BudgetConfig{PerSecond: 100_000, QuotaShare: 0.2, MaxWait: time.Minute}
	r.config = pipeline.Config{
		AccountID: data.AccountID, Lookback: 72 * time.Hour, Settle: time.Hour, Concurrency: 4, Version: "test",
		Now: now,
	}
	return r
}

// clock gives a clock that shows start now and then goes on.
func clock(start time.Time) func() time.Time {
	began := time.Now()
	return func() time.Time { return start.Add(time.Since(began)) }
}

// run makes one run with a client of its own, as a new process would.
func (r *rig) run(ctx context.Context, plan pipeline.Plan) (pipeline.Result, error) {
	r.t.Helper()
	client := r.client()
	defer client.Close()
	db := warehouse.New(r.pool, r.logger)
	db.Clock(r.machine())
	if err := db.Protect(ctx, r.privacy); err != nil {
		return pipeline.Result{}, err
	}
	began := time.Now()
	result, err := pipeline.New(r.wrongBy(r.config), client, stores.New(db), r.logger).Run(ctx, plan)
	r.readAt(began, err)
	return result, err
}

// readAt tells when sessions were read by the rig's time: the store has it from the
// database, whose clock shows another.
func (r *rig) readAt(began time.Time, failure error) {
	r.t.Helper()
	// Again, since runs beside this one store sessions in an order of their own.
	err := warehouse.Again(r.t.Context(), func(ctx context.Context) error {
		_, err := r.pool.Exec(ctx, `UPDATE sync.session_states SET read_at = read_at - $1::interval WHERE read_at >= $2`,
			time.Since(r.config.Now()), began)
		return err
	})
	if err != nil && failure == nil {
		r.t.Fatal(err)
	}
}

// machine is the clock of the program's machine, for store and client: the database
// and the answers of the API tell the true time, whatever it is for the pipeline.
func (r *rig) machine() func() time.Time {
	skew := r.skew
	return func() time.Time { return time.Now().Add(skew) }
}

// wrongBy puts the clock of the program's machine into a configuration.
func (r *rig) wrongBy(cfg pipeline.Config) pipeline.Config {
	now, skew := cfg.Now, r.skew
	cfg.Now = func() time.Time { return now().Add(skew) }
	return cfg
}

// client gives a client that logs to the rig's log.
func (r *rig) client() *extract.Client {
	r.t.Helper()
	cfg := r.extract
	cfg.Logger, cfg.Now = r.logger, r.machine()
	cfg.Budget = extract.NewBudget(r.budget)
	client, err := extract.New(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	return client
}

// newLog begins a log. Client, store and pipeline share its logger, which lets one
// of them write at a time.
func (r *rig) newLog() {
	r.log = new(bytes.Buffer)
	r.logger = slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// discard is the logger of whoever has nothing to say.
var discard = slog.New(slog.DiscardHandler)

// quota makes the API count calls.
func (r *rig) quota(q simulator.Quota) {
	r.sim = simulator.New(r.data, simulator.Options{Token: token, Quota: q, Now: r.config.Now})
	server := httptest.NewServer(r.sim)
	r.t.Cleanup(server.Close)
	r.extract.BaseURL = server.URL + "/client/v4"
}

// beside gives a rig for a second process on the same warehouse and API.
func (r *rig) beside() *rig {
	second := *r
	second.newLog()
	second.connect()
	return &second
}

// connect opens the connections of a process.
func (r *rig) connect() {
	r.t.Helper()
	r.pool = pgtest.Open(r.t, r.database.Reveal(), 12)
}

// mustRun makes the cron job's run and fails unless it ends with status.
func (r *rig) mustRun(status string) pipeline.Result {
	r.t.Helper()
	return r.must(pipeline.Plan{Kind: model.KindRun}, status)
}

func (r *rig) must(plan pipeline.Plan, status string) pipeline.Result {
	r.t.Helper()
	result, err := r.run(r.t.Context(), plan)
	if err != nil {
		r.t.Fatalf("run failed: %v\n%s", err, r.log)
	}
	if result.Status != status {
		r.t.Fatalf("run ended %s, want %s\n%s", result.Status, status, r.log)
	}
	return result
}

// number asks the database for one number.
func (r *rig) number(sql string, args ...any) int {
	r.t.Helper()
	return pgtest.Number(r.t, r.pool, sql, args...)
}

func (r *rig) text(sql string, args ...any) string {
	r.t.Helper()
	return pgtest.Text(r.t, r.pool, sql, args...)
}

// versions digests the row versions of all data tables: whoever writes a row, or
// only locks it for writing, changes it.
func (r *rig) versions() string {
	r.t.Helper()
	return r.text(`SELECT md5(string_agg(v, ',' ORDER BY v)) FROM (
		SELECT 'a' || ctid || xmin || xmax FROM realtimekit.apps UNION ALL
		SELECT 'm' || ctid || xmin || xmax FROM realtimekit.meetings UNION ALL
		SELECT 's' || ctid || xmin FROM realtimekit.sessions UNION ALL
		SELECT 'p' || ctid || xmin || xmax FROM realtimekit.participants UNION ALL
		SELECT 'e' || ctid || xmin || xmax FROM realtimekit.peer_events) AS t (v)`)
}

// exact fails unless the warehouse holds the sessions that keep lets through and
// nothing else.
func (r *rig) exact(keep func(*simulator.Session) bool) {
	r.t.Helper()
	diff, err := oracle.Diff(r.t.Context(), r.pool, r.sim, keep)
	if err != nil {
		r.t.Fatal(err)
	}
	if diff != "" {
		r.t.Fatalf("the warehouse is not what the API holds (-API +warehouse):\n%.4000s", diff)
	}
}
