package queue

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
	"github.com/rollcall-etl/rollcall/migrations"
)

// Schema is where River's tables stand. River makes names of channels of it as well.
func Schema() string { return naming.Real(migrations.QueueSchema) }

var (
	//go:embed sql/ask.sql
	askSQL string
	//go:embed sql/missed.sql
	missedSQL string
)

// Queue is the queue of one warehouse. Safe for concurrent use.
type Queue struct {
	pool  *pgxpool.Pool
	river *river.Client[pgx.Tx] // only to insert with
	clock *serverTime           // of river
}

// New gives the queue of a warehouse.
func New(pool *pgxpool.Pool, logger *slog.Logger) (*Queue, error) {
	clock := &serverTime{}
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Schema: Schema(), Logger: Quiet(logger), Test: river.TestConfig{Time: clock}})
	if err != nil {
		return nil, fmt.Errorf("open the queue: %w", err)
	}
	return &Queue{pool: pool, river: client, clock: clock}, nil
}

// ask is one wish to have a session read.
type ask struct {
	accountID, appID string
	sessionID        model.UUID
	ended            bool
	in               time.Duration // from now
	isSame           bool          // a job that is there is enough, whenever that is due
	isOld            bool          // history
}

// asked is what came of it.
type asked struct {
	ask
	isNew   bool
	isEarly bool // its job is due later than is wished now
	jobID   int64
	dueAt   time.Time // by the server's clock
	isDue   bool      // now
}

// ask notes wishes in a transaction, and makes or brings forward their jobs. Each
// session may be in all only once. calm is how long a wish may wait: a job that is due within
// it stays as it is, and the wish counts as none for a session that has a job.
func (q *Queue) ask(ctx context.Context, tx pgx.Tx, all []ask, priority int, calm time.Duration) error {
	var ids [][16]byte
	var accounts, apps []string
	var ended, same []bool
	var in []float64
	for _, a := range all {
		ids, accounts, apps = append(ids, a.sessionID), append(accounts, a.accountID), append(apps, a.appID)
		ended, same, in = append(ended, a.ended), append(same, a.isSame), append(in, a.in.Seconds())
	}
	rows, err := tx.Query(ctx, askSQL, ids, accounts, apps, ended, in, calm.Seconds(), same)
	if err != nil {
		return err
	}
	old := make(map[model.UUID]bool, len(all))
	for _, a := range all {
		old[a.sessionID] = a.isOld
	}
	noted, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a asked, err error) {
		var job *int64
		var now time.Time
		err = row.Scan((*[16]byte)(&a.sessionID), &a.accountID, &a.appID, &job, &a.isEarly, &a.dueAt, &a.isDue, &now)
		q.clock.heard(now)
		if a.isNew = job == nil; !a.isNew {
			a.jobID = *job
		}
		a.isOld = old[a.sessionID]
		return a, err
	})
	if err != nil {
		return err
	}
	return q.make(ctx, tx, noted, priority)
}

// make makes the jobs of new wishes, and brings those forward that are due too late. A
// job that runs is left alone: it finds out when it ends.
func (q *Queue) make(ctx context.Context, tx pgx.Tx, noted []asked, priority int) error {
	var jobs []river.InsertManyParams
	var ids [][16]byte
	var there []int64
	for _, a := range noted {
		if !a.isNew && !a.isOld {
			there = append(there, a.jobID)
		}
		switch {
		case a.isNew:
			at, priority := a.dueAt, priority
			if a.isDue {
				at = time.Time{} // a time that has passed would wait for River's scheduler
			}
			if a.isOld {
				priority = max(priority, priorityHistory)
			}
			jobs = append(jobs, river.InsertManyParams{Args: a.job(), InsertOpts: options(a.accountID, priority, at)})
			ids = append(ids, a.sessionID)
		case a.isEarly:
			if _, err := q.river.JobRetryTx(ctx, tx, a.jobID); err != nil && !errors.Is(err, river.ErrNotFound) { // what is lost, Sweep finds
				return err
			}
		}
	}
	if err := hurry(ctx, tx, there, priority); err != nil || len(jobs) == 0 {
		return err
	}
	made, err := q.river.InsertManyTx(ctx, tx, jobs)
	if err != nil {
		return err
	}
	numbers := make([]int64, len(made))
	var later []int64
	for i, m := range made {
		numbers[i] = m.Job.ID
		if m.Job.State == rivertype.JobStateScheduled {
			later = append(later, m.Job.ID)
		}
	}
	_, err = tx.Exec(ctx, `UPDATE sync.session_jobs AS j SET job_id = n.job_id FROM unnest($1::uuid[], $2::bigint[]) AS n (session_id, job_id)
		WHERE j.session_id = n.session_id`, ids, numbers)
	if err != nil {
		return err
	}
	return soon(ctx, tx, later...)
}

// hurry gives jobs the priority of whoever asked for them last, where that is higher: a
// session of which a webhook tells does not wait behind those of a backfill.
func hurry(ctx context.Context, tx pgx.Tx, jobs []int64, priority int) error {
	if len(jobs) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE rollcall_queue.river_job SET priority = $2 WHERE id IN (SELECT id FROM rollcall_queue.river_job
		WHERE id = ANY ($1) AND priority > $2 AND state IN ('available', 'pending', 'retryable', 'scheduled')
		FOR UPDATE SKIP LOCKED)`, jobs, priority) // one that is locked is about to run
	return err
}

// soon lets workers see jobs of the next seconds at their time: River's scheduler looks
// only every five, and not at all for a while after its process was killed. (River 0.51
// does the same where a worker snoozes for less than five.)
func soon(ctx context.Context, tx pgx.Tx, jobs ...int64) error {
	if len(jobs) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE rollcall_queue.river_job SET state = 'available'
		WHERE id = ANY ($1) AND state = 'scheduled' AND scheduled_at < now() + interval '15 seconds'`, jobs)
	return err
}

func (a ask) job() SyncSession {
	return SyncSession{AccountID: a.accountID, AppID: a.appID, SessionID: a.sessionID.String()}
}

// calmTime is how soon a job must be due for a list to ask for no earlier one.
const calmTime = 15 * time.Minute

// recently is how long a session that nobody knew counts as news. Older ones are history, as
// where an app is listed for the first time: the lessons of today do not wait behind it.
const recently = 72 * time.Hour

// AskFor lets sessions of an app be read that a list shows to be due; history comes after the rest. Once
// it returns that is sure, wherever this process ends.
func (q *Queue) AskFor(ctx context.Context, accountID, appID string, due []model.DueSession) error {
	return q.askFor(ctx, accountID, appID, due, priorityLists)
}

func (q *Queue) askFor(ctx context.Context, accountID, appID string, due []model.DueSession, priority int) error {
	all := make([]ask, 0, len(due))
	var fresh [][16]byte
	var began []time.Time
	since := q.clock.Now().Add(-recently)
	for _, d := range due {
		isOld := d.IsNew && !d.CreatedAt.IsZero() && d.CreatedAt.Before(since)
		all = append(all, ask{accountID: accountID, appID: appID, sessionID: d.ID, isSame: d.IsSame, isOld: isOld})
		if d.IsNew {
			fresh, began = append(fresh, d.ID), append(began, d.CreatedAt)
		}
	}
	err := warehouse.Begin(ctx, q.pool, func(tx pgx.Tx) error {
		// First, in the order in which webhooks lock.
		if _, err := tx.Exec(ctx, missedSQL, appID, fresh, began); err != nil {
			return err
		}
		return q.ask(ctx, tx, all, priority, calmTime)
	})
	return warehouse.Failed("queue the sessions", err)
}

// Announced is what is known of an app's webhooks.
type Announced struct {
	Heard  bool          // one ever came
	Since  time.Duration // since the last one
	Missed bool          // a list told of a session in the last day, or since the last webhook, and none did
}

// Announced tells whether lists of an app are needed often.
func (q *Queue) Announced(ctx context.Context, appID string) (a Announced, err error) {
	var seconds float64
	err = q.pool.QueryRow(ctx, `SELECT extract(epoch FROM now() - last_event_at)::float8, coalesce(missed_at > now() - interval '1 day' OR missed_at > last_event_at, false)
		FROM sync.app_webhooks WHERE app_id = $1`, appID).Scan(&seconds, &a.Missed)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, nil
	}
	a.Heard, a.Since = true, time.Duration(seconds*float64(time.Second))
	return a, warehouse.Failed("see whether webhooks of the app arrive", err)
}

// Quiet lets River speak of what goes wrong only.
func Quiet(logger *slog.Logger) *slog.Logger {
	return slog.New(warnings{logger.Handler()})
}

type warnings struct{ slog.Handler }

// Enabled implements slog.Handler.
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
