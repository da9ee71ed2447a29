package worker_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// setClock lets the database server's clock go wrong against this machine's, which is as if
// this machine's did.
func (f *fleet) setClock(ahead time.Duration) {
	f.Helper()
	by := fmt.Sprintf(" + interval '%d seconds'", int(ahead.Seconds()))
	f.exec(`SET allow_system_table_mods = on;
		ALTER FUNCTION pg_catalog.now() RENAME TO true_now;
		ALTER FUNCTION pg_catalog.clock_timestamp() RENAME TO true_clock_timestamp;
		CREATE FUNCTION pg_catalog.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT pg_catalog.true_now()` + by + ` $$;
		CREATE FUNCTION pg_catalog.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$ SELECT pg_catalog.true_clock_timestamp()` + by + ` $$;
		RESET allow_system_table_mods;
		ALTER TABLE rollcall_queue.river_job ALTER scheduled_at SET DEFAULT now(), ALTER created_at SET DEFAULT now()`)
}

// What waits does so by the server's clock, whatever that of a worker's machine says: a job
// that is put off comes back after its pause, neither at once nor an hour later, and a job
// whose time has come is seen.
func TestMachinesClockPutsNothingOff(t *testing.T) {
	t.Parallel()
	for name, ahead := range map[string]time.Duration{"behind": time.Hour, "ahead": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
			f.setClock(ahead)
			refused, err := simulator.ParseFault("bad-token")
			if err != nil {
				t.Fatal(err)
			}
			f.sim.Script(refused)
			f.refusedPause = time.Second
			f.start()
			f.until("the job is put off", `SELECT EXISTS (SELECT FROM rollcall_queue.river_job WHERE metadata ? 'snoozes')`)
			if n := f.count(`SELECT round(extract(epoch FROM scheduled_at - now()) / 60) FROM rollcall_queue.river_job WHERE kind = 'list_apps'`); n != 0 {
				t.Errorf("the job waits for %d minutes", n)
			}
			f.sim.Script()
			f.until("read", `SELECT count(*) = 1 FROM sync.session_states WHERE complete_at IS NOT NULL`)
			const next = ` FROM rollcall_queue.river_job WHERE kind = 'list_app' AND state = 'scheduled'`
			f.until("listed", `SELECT count(*) = 1`+next)
			if n := f.count(`SELECT round(extract(epoch FROM scheduled_at - now()) / 60)` + next); n != 15 {
				t.Errorf("the next list is in %d minutes", n)
			}
			id := f.count(`SELECT id` + next)
			f.exec(`UPDATE rollcall_queue.river_job SET scheduled_at = now() WHERE kind = 'list_app' AND state = 'scheduled'`) // River's scheduler makes it available
			f.until("listed again", fmt.Sprintf(`SELECT count(*) = 1%s AND id > %d`, next, id))
		})
	}
}
