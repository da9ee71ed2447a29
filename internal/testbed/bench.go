package testbed

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Bench is a warehouse in a database of the test's own, with a run under way.
type Bench struct {
	*testing.T
	Pool   *pgxpool.Pool
	DB     *warehouse.DB
	Store  *load.Store
	Ledger *ledger.Store
	Run    model.Run
}

// New makes a bench.
func New(t *testing.T) *Bench {
	t.Helper()
	return On(t, pgtest.Open(t, pgtest.New(t), 8))
}

// On makes a bench of a warehouse that is there.
func On(t *testing.T, pool *pgxpool.Pool) *Bench {
	t.Helper()
	db := warehouse.New(pool, slog.New(slog.DiscardHandler))
	b := &Bench{T: t, Pool: pool, DB: db, Store: load.New(db), Ledger: ledger.New(db)}
	b.NextRun()
	return b
}

// NextRun begins another run.
func (b *Bench) NextRun() {
	b.Helper()
	run := model.Run{AccountID: "acc", Kind: model.KindRun, StartedAt: time.Now(), Version: "test"}
	id, err := b.Ledger.StartRun(b.Context(), run)
	if err != nil {
		b.Fatal(err)
	}
	run.ID = id
	b.Run = run
}

// Text asks the database for one text; "<null>" stands for none.
func (b *Bench) Text(sql string) string {
	b.Helper()
	return pgtest.Text(b, b.Pool, sql)
}

// UntilOneWaits returns once a transaction waits for the lock of another.
func (b *Bench) UntilOneWaits() {
	b.Helper()
	const waiting = `SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
	for began := time.Now(); b.Text(waiting) == "0"; {
		if time.Since(began) > time.Minute {
			b.Fatal("nobody waits for a lock")
		}
	}
}

// EndLockHolder ends the one connection that holds an advisory lock exclusively, as a
// run's does, and returns when its locks are gone.
func (b *Bench) EndLockHolder() {
	b.Helper()
	const holders = ` FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	if got := b.Text(`SELECT count(pg_terminate_backend(pid))::text` + holders); got != "1" {
		b.Fatalf("%s holders were ended", got)
	}
	for began := time.Now(); b.Text(`SELECT count(*)::text`+holders) != "0"; { // Postgres says goodbye before it lets go
		if time.Since(began) > time.Minute {
			b.Fatal("the lock is still held")
		}
	}
}

// Load stores a session of which every page is given.
func (b *Bench) Load(s model.Session, reading model.Reading, pages ...model.ParticipantPage) (model.RowCounts, error) {
	return b.Store.LoadSession(b.Context(), b.Run, s, func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
		for _, page := range pages {
			page.Pass = max(page.Pass, 1)
			if err := stage(page); err != nil {
				return model.Reading{}, err
			}
		}
		return reading, nil
	})
}

// MustLoad stores a session by a full reading.
func (b *Bench) MustLoad(s model.Session, pages ...model.ParticipantPage) model.RowCounts {
	b.Helper()
	counts, err := b.Load(s, Full, pages...)
	if err != nil {
		b.Fatal(err)
	}
	return counts
}

// Full is a reading that adds up and is settled.
var Full = model.Reading{FullPass: true, LastPass: 1, Complete: true, Settled: true}

// UUID gives an id for a number.
func UUID(n int) model.UUID {
	id, err := model.ParseUUID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
	if err != nil {
		panic(err)
	}
	return id
}

// T0 is the moment at which the sessions are.
var T0 = time.Date(2026, 11, 20, 15, 0, 0, 123456000, time.UTC)

// Session gives an ended session.
func Session(n int) model.Session {
	return model.Session{
		ID: UUID(n), AppID: "app", MeetingID: "room", MeetingTitle: "Algebra", Status: model.StatusEnded,
		CreatedAt: T0, UpdatedAt: T0, MinutesConsumed: model.Number{Value: 1.5, Valid: true},
	}
}

// Participant gives a participant.
func Participant(n int, name string, updated time.Time) model.Participant {
	return model.Participant{ID: UUID(n), DisplayName: name, UpdatedAt: updated}
}

// Reject gives a record that could not be stored, of session 1.
func Reject(n int, raw string) model.Rejected {
	return model.Rejected{
		Entity: model.EntityParticipant, AppID: "app", SessionID: UUID(1), Key: UUID(n).String(), Reason: "joined_at: no timestamp", Raw: raw,
	}
}
