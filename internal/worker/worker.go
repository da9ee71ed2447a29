package worker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/queue"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Config bounds what a worker does.
type Config struct {
	Concurrency int               // jobs at once for each account, and one of its optional reads beside them
	Settle      time.Duration     // how long after its end a session is read again
	Version     string            // of the program, for the ledger
	Since       time.Time         // what was created before is left out of apps that were never read; zero for nothing
	Optional    pipeline.Optional // what is read beside the sessions
	Logger      *slog.Logger
	Accounts    []Account
}

// Account is one that a worker works for, with what reads and stores its sessions.
type Account struct {
	ID       string
	Pipeline *pipeline.Pipeline
}

// Worker works for one account or many. Run may be called once at a time.
type Worker struct {
	cfg    Config
	db     *warehouse.DB
	ledger *ledger.Store
	queue  *queue.Queue

	refusedPause time.Duration
}

// New gives a worker in a warehouse.
func New(cfg Config, db *warehouse.DB, q *queue.Queue) *Worker {
	return &Worker{cfg: cfg, db: db, ledger: ledger.New(db), queue: q, refusedPause: refusedPause}
}

// stopTime is how long jobs may go on once the worker was told to stop. Those that take
// longer are broken off, and taken up by another.
const stopTime = 8 * time.Second

// Run works until ctx ends, which is no error, or until the worker lost its lock.
func (w *Worker) Run(ctx context.Context) error {
	id := newID()
	// Jobs may come to their end when ctx has ended.
	held, release, err := w.ledger.AcquireWorker(context.WithoutCancel(ctx), id)
	if err != nil {
		return err
	}
	defer release()
	t := newTour(w, id)
	if err := t.open(); err != nil {
		return fmt.Errorf("open the queue: %w", err)
	}
	if err := t.begin(held); err != nil {
		return errors.Join(err, t.lastShifts(held, err))
	}
	w.cfg.Logger.InfoContext(ctx, "worker started", "worker", id)
	failure := t.watch(ctx, held)
	t.stop(held)
	w.cfg.Logger.InfoContext(ctx, "worker stopped", "worker", id)
	return errors.Join(failure, t.lastShifts(held, failure))
}

// begin enters the worker into the ledger and lets jobs come.
func (t *tour) begin(ctx context.Context) error {
	for _, d := range t.desks {
		if err := t.nextShift(ctx, d); err != nil {
			return err
		}
		if err := t.queue.Lists(ctx, d.ID); err != nil {
			return err
		}
	}
	if _, err := t.queue.AskUsage(ctx); err != nil {
		return err
	}
	return warehouse.Failed("start to work", t.client.Start(ctx))
}

// open makes the River client of a tour. Its own rescue of stuck jobs would take a
// minute and more, and would take a long job for a stuck one: it is off, since jobs have
// no time limit, and queue.Rescue does it.
func (t *tour) open() (err error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &sessionWorker{base[queue.SyncSession]{tour: t}})
	river.AddWorker(workers, &appWorker{base[queue.ListApp]{tour: t}})
	river.AddWorker(workers, &appsWorker{base[queue.ListApps]{tour: t}})
	river.AddWorker(workers, &optionalWorker{base[queue.OptionalReads]{tour: t}})
	river.AddWorker(workers, &chunkWorker{base[queue.BackfillChunk]{tour: t}})
	river.AddWorker(workers, &usageWorker{base[queue.RefreshUsage]{tour: t}})
	queues := map[string]river.QueueConfig{queue.UsageQueue: {MaxWorkers: 1}}
	for id := range t.desks {
		maps.Copy(queues, t.queuesOf(id))
	}
	t.client, err = river.NewClient(riverpgxv5.New(t.db.Pool), &river.Config{
		ID: t.id, Schema: queue.Schema(), Workers: workers, Logger: queue.Quiet(t.cfg.Logger),
		Queues:                      queues,
		ErrorHandler:                &failures{t.cfg.Logger},
		Middleware:                  []rivertype.Middleware{river.WorkerMiddlewareFunc(t.masked)},
		JobTimeout:                  -1,
		CompletedJobRetentionPeriod: time.Hour,
		ReindexerIndexNames:         []string{}, // which would need the right to maintain them
		Test:                        river.TestConfig{Time: serverTime{t.now}},
		FetchCooldown:               50 * time.Millisecond,
		FetchPollInterval:           5 * time.Second, // where a notice was lost; tour.ring gives it
	})
	return err
}

// queuesOf gives the queues of an account.
func (t *tour) queuesOf(accountID string) map[string]river.QueueConfig {
	return map[string]river.QueueConfig{
		queue.Name(accountID): {MaxWorkers: t.cfg.Concurrency},
		// Nobody waits for these: where tour.ring told in vain, a minute later is soon enough.
		queue.OptionalName(accountID): {MaxWorkers: 1, FetchPollInterval: time.Minute},
	}
}

// serverTime lets River go by the clock of the database server: by that of a machine which is
// an hour ahead it puts a job off for an hour more, and as its leader wakes nobody in time by
// one that is behind. In statements it asks the server itself.
type serverTime struct{ now func() time.Time }

// Now implements rivertype.TimeGenerator.
func (s serverTime) Now() time.Time { return s.now() }

// NowOrNil implements rivertype.TimeGenerator.
func (serverTime) NowOrNil() *time.Time { return nil }

// stop lets jobs come to their end, and breaks off those that take too long, or all
// where the lock is lost.
func (t *tour) stop(held context.Context) {
	soon, cancel := context.WithTimeout(held, stopTime)
	defer cancel()
	if t.client.Stop(soon) == nil {
		return
	}
	last, cancelLast := context.WithTimeout(context.WithoutCancel(held), stopTime)
	defer cancelLast()
	if err := t.client.StopAndCancel(last); err != nil {
		t.cfg.Logger.WarnContext(held, "jobs did not stop in time; another worker takes them up", "error", err)
	}
}

// newID gives a name that no other worker has, of what River takes.
func newID() string {
	host, _ := os.Hostname() // without one, the rest is enough
	host = regexp.MustCompile(`[^a-z0-9-]+`).ReplaceAllString(strings.ToLower(host), "")
	return fmt.Sprintf("%.40s-%d-%s", host, os.Getpid(), strings.ToLower(rand.Text()[:8]))
}

// Refused tells whether Run ended for a reason that another try does not mend.
func Refused(err error) bool {
	return errors.Is(err, model.ErrSchema) || errors.Is(err, model.ErrUsage)
}
