package worker_test

import (
	"context"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/queue"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// A worker is told when the time of a job comes that was made to wait, and does not ask for
// it again and again, queue by queue.
func TestWorkersAreWokenForJobsThatWaited(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
	f.start()
	f.until("read", `SELECT count(*) = 1 FROM sync.session_states WHERE complete_at IS NOT NULL`)
	f.until("no job due", idle)
	conn, err := f.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	pgtest.Exec(t, conn, `LISTEN "`+queue.Schema()+`.river_insert"`)
	f.exec(`UPDATE rollcall_queue.river_job SET state = 'available', scheduled_at = now() + interval '1 second' WHERE kind = 'list_app' AND state = 'scheduled'`)
	soon, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for want := `{"queue" : "` + queue.Name(f.data.AccountID) + `"}`; ; {
		n, err := conn.Conn().WaitForNotification(soon)
		if err != nil {
			t.Fatalf("nobody rings: %v", err)
		}
		if n.Payload == want { // River's own have no space before the colon
			return
		}
	}
}
