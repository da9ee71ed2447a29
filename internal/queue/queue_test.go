package queue_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/queue"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

const account, app = "0123456789abcdef0123456789abcdef", "school"

// bench is a queue in a warehouse.
type bench struct {
	*testing.T
	*queue.Queue
	pool    *pgxpool.Pool
	working context.Context // of a job
}

func newBench(t *testing.T) bench {
	t.Helper()
	pool := pgtest.Open(t, pgtest.New(t), 4)
	q, err := queue.New(pool, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return bench{t, q, pool, working(t, pool, q)}
}

// working gives the context of a job that runs, which River wants where one ends.
func working(t *testing.T, pool *pgxpool.Pool, q *queue.Queue) context.Context {
	t.Helper()
	given, ended := make(chan context.Context), make(chan struct{})
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[queue.ListApps]) error {
		given <- ctx
		<-ended
		return nil
	}))
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Schema: queue.Schema(), Workers: workers, Queues: map[string]river.QueueConfig{queue.Name("other"): {MaxWorkers: 1}},
	})
	if err == nil {
		err = q.Lists(t.Context(), "other")
	}
	if err == nil {
		err = client.Start(context.WithoutCancel(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(ended)
		if err := client.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return <-given
}

// asked gives a session that a list asked for, and its job, which runs.
func (b bench) asked(due model.DueSession) *river.Job[queue.SyncSession] {
	b.Helper()
	b.must(b.AskFor(b.Context(), account, app, []model.DueSession{due}))
	return b.job(due.ID)
}

// job gives the job of a session, which runs from now on.
func (b bench) job(id model.UUID) *river.Job[queue.SyncSession] {
	b.Helper()
	job := &river.Job[queue.SyncSession]{JobRow: &rivertype.JobRow{State: rivertype.JobStateRunning, Priority: 1}}
	job.Args = queue.SyncSession{AccountID: account, AppID: app, SessionID: id.String()}
	b.must(b.pool.QueryRow(b.Context(), `UPDATE rollcall_queue.river_job SET state = 'running'
		WHERE id = (SELECT job_id FROM sync.session_jobs WHERE session_id = $1) RETURNING id`, warehouse.UUID(id)).Scan(&job.ID))
	return job
}

func (b bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b bench) exec(sql string, args ...any) {
	b.Helper()
	_, err := b.pool.Exec(b.Context(), sql, args...)
	b.must(err)
}

func (b bench) count(sql string, args ...any) (n int) {
	b.Helper()
	b.must(b.pool.QueryRow(b.Context(), sql, args...).Scan(&n))
	return n
}

// Who sends webhooks is to know where none can be taken in: it gives up after some seconds.
func TestNotReadyWhereNothingCanBeWritten(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	for setting, want := range map[string]string{"": "", "&default_transaction_read_only=on": "the server only reads"} {
		q, err := queue.New(pgtest.Open(t, url+setting, 2), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		err = queue.NewInbox(q, account).Ready(t.Context())
		if err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
			t.Errorf("with %q: %v", setting, err)
		}
	}
}

// A session belongs to one job of one worker: whoever comes late changes nothing.
func TestOnlyItsJobEndsASession(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := model.UUID{1}
	old := b.asked(model.DueSession{ID: id})
	claim, err := b.Claim(t.Context(), old.ID, id, "one")
	b.must(err)
	// Its job is lost, and made anew; another worker takes it.
	b.exec(`UPDATE rollcall_queue.river_job SET state = 'discarded', finalized_at = now() WHERE id = $1`, old.ID)
	b.exec(`UPDATE sync.session_jobs SET due_at = now() - interval '1 hour', reader = NULL`)
	if n, err := b.Sweep(t.Context()); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	job := b.job(id)
	if _, err := b.Claim(t.Context(), old.ID, id, "one"); !errors.Is(err, queue.ErrUnwanted) {
		t.Errorf("the job before takes the session: %v", err)
	}
	if err := b.Finish(b.working, old, id, claim, 0); !errors.Is(err, queue.ErrUnwanted) {
		t.Errorf("the job before ends the session: %v", err)
	}
	next, err := b.Claim(t.Context(), job.ID, id, "two")
	b.must(err)
	if err := b.Finish(b.working, job, id, claim, 0); !errors.Is(err, queue.ErrTaken) {
		t.Errorf("another worker ends the session: %v", err)
	}
	b.must(b.Finish(b.working, job, id, next, time.Hour))
	if n := b.count(`SELECT count(*) FROM sync.session_jobs WHERE looks = 1 AND reader IS NULL AND due_at > now() + interval '50 minutes'`); n != 1 {
		t.Error("the session's next job is not in an hour")
	}
}

// A list leaves a job alone that is due later where nothing has changed, and brings it
// forward where something did.
func TestListsLeaveAloneWhatIsAsStored(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := []model.UUID{{3}, {1}, {2}}
	for _, id := range ids {
		job := b.asked(model.DueSession{ID: id, IsNew: true})
		claim, err := b.Claim(t.Context(), job.ID, id, "one")
		b.must(err)
		b.must(b.Finish(b.working, job, id, claim, time.Hour))
	}
	due := []model.DueSession{{ID: ids[0], IsSame: true}, {ID: ids[1]}, {ID: ids[2], IsSame: true}}
	b.must(b.AskFor(t.Context(), account, app, due))
	for _, d := range due {
		isLater := b.count(`SELECT (s.due_at > now() + interval '50 minutes' AND r.scheduled_at > now() + interval '50 minutes' AND NOT s.is_early)::int
			FROM sync.session_jobs AS s JOIN rollcall_queue.river_job AS r ON r.id = s.job_id WHERE session_id = $1`, warehouse.UUID(d.ID)) == 1
		if isLater != d.IsSame {
			t.Errorf("%+v: the job is left alone: %v", d, isLater)
		}
	}
}

// A session of which no webhook told counts once, however often it is listed before it is
// read.
func TestMissedCountsASessionOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.exec(`INSERT INTO sync.app_webhooks (app_id, first_event_at) VALUES ($1, '2000-01-01')`, app)
	hourAgo := time.Now().Add(-time.Hour)
	due := []model.DueSession{{ID: model.UUID{1}, IsNew: true, CreatedAt: hourAgo}, {ID: model.UUID{2}, CreatedAt: hourAgo}} // the second is known
	for range 2 {
		b.must(b.AskFor(t.Context(), account, app, due))
	}
	if n := b.count(`SELECT missed FROM sync.app_webhooks`); n != 1 {
		t.Errorf("one session was missed %d times", n)
	}
}

// Apps that are not the account's any more are left alone.
func TestLeave(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	running := &river.Job[queue.ListApps]{JobRow: &rivertype.JobRow{State: rivertype.JobStateRunning}, Args: queue.ListApps{AccountID: account}}
	b.must(b.Lists(t.Context(), account))
	b.must(b.pool.QueryRow(t.Context(), `UPDATE rollcall_queue.river_job SET state = 'running' WHERE kind = 'list_apps' AND state = 'available' RETURNING id`).Scan(&running.ID))
	lists := []queue.ListApp{{AccountID: account, AppID: app}, {AccountID: account, AppID: "gone"}, {AccountID: "other", AppID: "gone"}}
	b.must(queue.Again(b.working, b.Queue, running, time.Hour, lists[0], lists[1], lists[2],
		queue.OptionalReads{AccountID: account, AppID: "gone"}, queue.BackfillChunk{AccountID: account, AppID: "gone"}, queue.BackfillChunk{AccountID: account}))
	for i, l := range lists {
		b.must(b.AskFor(t.Context(), l.AccountID, l.AppID, []model.DueSession{{ID: model.UUID{byte(i + 1)}}}))
	}
	b.exec(`INSERT INTO sync.app_states (app_id, account_id, watermark, run_id) SELECT unnest($1::text[]), $2, now(), 1`, []string{app, "gone", "idle"}, account)
	isMarked := func(app string) bool {
		return b.count(`SELECT count(watermark) FROM sync.app_states WHERE app_id = $1`, app) == 1
	}
	// While its list runs, which moves the watermark, it keeps its sessions.
	b.exec(`UPDATE rollcall_queue.river_job SET state = 'running' WHERE kind = 'list_app' AND args ->> 'app_id' = 'gone'`)
	b.must(b.Leave(t.Context(), account, []string{app}, time.Hour))
	if n := b.count(`SELECT count(*) FROM sync.session_jobs WHERE account_id = $1`, account); n != 2 || !isMarked("gone") {
		t.Errorf("the app that is listed now: %d sessions of two apps are left", n)
	}
	b.exec(`UPDATE rollcall_queue.river_job SET state = 'available' WHERE kind = 'list_app' AND state = 'running'`)
	b.must(b.Leave(t.Context(), account, []string{app}, time.Hour))
	if isMarked("gone") || !isMarked(app) || !isMarked("idle") {
		t.Error("an app that lost sessions is not listed from its beginning, or another one is")
	}
	if n := b.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE kind = 'list_app'`); n != 2 {
		t.Errorf("%d apps are listed", n)
	}
	if n := b.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE kind = 'optional_reads'`); n != 0 {
		t.Errorf("%d jobs beside them", n)
	}
	// Its backfill waits until it is listed again, however often that is not so.
	if n := b.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE kind = 'backfill_chunk' AND (args ->> 'app_id' = '' AND state = 'available'
		OR state = 'scheduled' AND scheduled_at > now() + interval '90 minutes')`); n != 2 {
		t.Errorf("%d backfills, of which one is of no app and one waits", n)
	}
	if n := b.count(`SELECT count(*) FROM sync.session_jobs WHERE account_id <> $1 OR app_id = $2`, account, app); n != 2 || b.count(`SELECT count(*) FROM sync.session_jobs`) != n {
		t.Errorf("the sessions of %d apps are read", n)
	}
}

// A backfill that is given up makes no job any more, though one runs at that moment.
func TestForgetBackfill(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	from, to := time.Now().Add(-time.Hour), time.Now()
	for _, full := range []bool{false, true} {
		if made, err := b.Backfill(t.Context(), account, []string{app, "second"}, from, to, full); made != 2 || err != nil {
			t.Fatal(made, err)
		}
	}
	job := &river.Job[queue.BackfillChunk]{JobRow: &rivertype.JobRow{State: rivertype.JobStateRunning, Priority: 4}}
	b.must(b.pool.QueryRow(t.Context(), `UPDATE rollcall_queue.river_job SET state = 'running' WHERE kind = 'backfill_chunk' AND args ->> 'app_id' = 'second'
		AND args ->> 'full' = 'false' RETURNING id, args`).Scan(&job.ID, &job.Args))
	from, to = job.Args.From, job.Args.To
	if jobs, err := b.ForgetBackfill(t.Context(), account, from, to, false); jobs != 2 || err != nil {
		t.Fatal(jobs, err)
	}
	b.must(queue.Again(b.working, b.Queue, job, 0))
	left, err := b.Chunks(t.Context(), account)
	b.must(err)
	if len(left) != 2 || !left[0].Full || !left[1].Full {
		t.Errorf("left in the queue: %+v", left)
	}
}

// A webhook does not let its session wait behind those of a backfill.
func TestWebhooksGoBeforeBackfills(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := model.UUID{1}
	b.must(b.AskForOld(t.Context(), account, app, []model.DueSession{{ID: id}}))
	if n := b.count(`SELECT priority FROM rollcall_queue.river_job WHERE kind = 'sync_session'`); n != 4 {
		t.Fatalf("priority %d", n)
	}
	b.must(b.AskFor(t.Context(), account, app, []model.DueSession{{ID: id}}))
	if n := b.count(`SELECT priority FROM rollcall_queue.river_job WHERE kind = 'sync_session'`); n != 2 {
		t.Errorf("priority %d after a list told of it", n)
	}
	b.must(b.AskForOld(t.Context(), account, app, []model.DueSession{{ID: id}}))
	if n := b.count(`SELECT priority FROM rollcall_queue.river_job WHERE kind = 'sync_session'`); n != 2 {
		t.Errorf("priority %d after a backfill came to it", n)
	}
}

// What a first list shows of an app's history does not keep the lessons of today from being
// read, of that app or another.
func TestHistoryComesLast(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	now := time.Now()
	old, fresh, known, undated := model.UUID{1}, model.UUID{2}, model.UUID{3}, model.UUID{4}
	b.must(b.AskFor(t.Context(), account, app, []model.DueSession{
		{ID: old, IsNew: true, CreatedAt: now.Add(-7 * 24 * time.Hour)},
		{ID: fresh, IsNew: true, CreatedAt: now.Add(-time.Hour)},
		{ID: known, CreatedAt: now.Add(-7 * 24 * time.Hour)}, // which has changed
		{ID: undated, IsNew: true},
	}))
	for id, want := range map[model.UUID]int{old: 3, fresh: 2, known: 2, undated: 2} {
		if n := b.count(`SELECT r.priority FROM sync.session_jobs AS s JOIN rollcall_queue.river_job AS r ON r.id = s.job_id WHERE s.session_id = $1`, warehouse.UUID(id)); n != want {
			t.Errorf("session %s has the priority %d, want %d", id, n, want)
		}
	}
	// The optional reads of the app wait for it nonetheless: they go by what is stored.
	b.exec(`DELETE FROM sync.session_jobs WHERE session_id <> $1`, warehouse.UUID(old))
	if waits, err := b.Waits(t.Context(), app); !waits || err != nil {
		t.Errorf("the history is waited for: %v, %v", waits, err)
	}
	if figures, err := b.Figures(t.Context()); err != nil || slices.ContainsFunc(figures, func(f model.QueueFigures) bool { return f.Age > 0 }) {
		t.Errorf("history lets the queue look old: %+v, %v", figures, err)
	}
}

// A list of apps that somebody deleted or that was given up is made anew, and one that is there
// is left alone.
func TestListsOfAppsAreNotLost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const there = `SELECT count(*) FROM rollcall_queue.river_job WHERE kind = 'list_apps' AND state = 'available'`
	b.must(b.Lists(t.Context(), account))
	before := b.count(`SELECT (SELECT xmin::text::bigint FROM rollcall_queue.river_job WHERE kind = 'list_apps' AND state = 'available')`)
	b.must(b.Lists(t.Context(), account))
	if after := b.count(`SELECT (SELECT xmin::text::bigint FROM rollcall_queue.river_job WHERE kind = 'list_apps' AND state = 'available')`); after != before {
		t.Error("a job that is there is written again")
	}
	b.exec(`UPDATE rollcall_queue.river_job SET state = 'discarded', finalized_at = now() WHERE kind = 'list_apps' AND state = 'available'`)
	b.must(b.Lists(t.Context(), account))
	if n := b.count(there); n != 1 {
		t.Errorf("%d jobs list the apps", n)
	}
}

// What fails for weeks does not grow for ever.
func TestOldFailuresAreForgotten(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := model.UUID{1}
	b.must(b.AskFor(t.Context(), account, app, []model.DueSession{{ID: id}}))
	for _, test := range []struct{ failures, want int }{{40, 40}, {41, 20}} {
		b.exec(`UPDATE rollcall_queue.river_job SET state = 'retryable', errors = (SELECT array_agg(jsonb_build_object('attempt', n)) FROM generate_series(1, $1) AS n)
			WHERE kind = 'sync_session'`, test.failures)
		b.must(b.Prune(t.Context()))
		if n := b.count(`SELECT cardinality(errors) FROM rollcall_queue.river_job WHERE kind = 'sync_session'`); n != test.want {
			t.Errorf("%d of %d failures are left", n, test.failures)
		}
		if last := b.count(`SELECT (errors[cardinality(errors)] ->> 'attempt')::int FROM rollcall_queue.river_job WHERE kind = 'sync_session'`); last != test.failures {
			t.Errorf("the last one is number %d of %d", last, test.failures)
		}
	}
}

// The usage by day has one job, however many ask, and another only where something is left
// when it ends.
func TestUsageHasOneJob(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	asks := func(want bool) {
		t.Helper()
		if made, err := b.AskUsage(t.Context()); made != want || err != nil {
			t.Errorf("a job is made: %v, want %v; %v", made, want, err)
		}
	}
	asks(false)
	b.exec(`INSERT INTO analytics.stale_sessions (session_id) VALUES (gen_random_uuid())`)
	asks(true)
	asks(false)
	if n := b.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE kind = 'refresh_usage' AND state = 'available' AND scheduled_at > now() + interval '5 seconds'`); n != 1 {
		t.Error("sessions do not gather, or the job waits for River's scheduler")
	}
	job := &river.Job[queue.RefreshUsage]{JobRow: &rivertype.JobRow{State: rivertype.JobStateRunning}}
	b.must(b.pool.QueryRow(t.Context(), `UPDATE rollcall_queue.river_job SET state = 'running' WHERE kind = 'refresh_usage' RETURNING id`).Scan(&job.ID))
	asks(false)
	b.must(queue.EndUsage(b.working, b.Queue, job))
	if n := b.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE kind = 'refresh_usage' AND state = 'available'`); n != 1 {
		t.Errorf("%d jobs for what is left", n)
	}
	b.exec(`DELETE FROM analytics.stale_sessions`)
	b.must(b.pool.QueryRow(t.Context(), `UPDATE rollcall_queue.river_job SET state = 'running' WHERE kind = 'refresh_usage' AND state = 'available' RETURNING id`).Scan(&job.ID))
	b.must(queue.EndUsage(b.working, b.Queue, job))
	if n := b.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE kind = 'refresh_usage' AND state <> 'completed'`); n != 0 {
		t.Errorf("%d jobs for nothing", n)
	}
}

// Whose alert is it? A job that fails is counted for its account, also before that has an app,
// and what all accounts have in common for each of them.
func TestFiguresLeaveNoFailingJobOut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.exec(`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ($1, $2, now(), now(), 1)`, app, account)
	b.must(b.Lists(t.Context(), "new"))
	b.exec(`INSERT INTO analytics.stale_sessions (session_id, started_at) VALUES (gen_random_uuid(), now())`)
	if made, err := b.AskUsage(t.Context()); err != nil || !made {
		t.Fatalf("the usage is not asked for: %v, %v", made, err)
	}
	b.exec(`UPDATE rollcall_queue.river_job SET errors = ARRAY['{"error": "no"}'::jsonb] WHERE kind = 'refresh_usage' OR args ->> 'account_id' = 'new'`)
	all, err := b.Figures(t.Context())
	b.must(err)
	failing := map[string]int64{}
	for _, f := range all {
		failing[f.AccountID] = f.Failing
	}
	if len(failing) != 3 || failing[account] != 1 || failing["new"] != 2 || failing["other"] != 1 { // other is that of newBench
		t.Errorf("failing by account: %v", failing)
	}
}
