package worker_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// refusing stands before the API and refuses all tokens while it is told to.
type refusing struct {
	*httptest.Server
	accepts atomic.Bool
	refused atomic.Int64
}

func refuse(f *fleet) *refusing {
	f.Helper()
	r := &refusing{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if r.accepts.Load() {
			f.sim.ServeHTTP(w, req)
			return
		}
		r.refused.Add(1)
		simulator.GatewayError(http.StatusUnauthorized, 10000, "Authentication error")(w, req, nil)
	}))
	f.Cleanup(r.Close)
	return r
}

const standsAside = `SELECT EXISTS (SELECT FROM sync.runs WHERE status = 'running' AND error LIKE '%status 401%')`

// A worker whose token is refused leaves its jobs to the others.
func TestRefusedWorkerKeepsNoJobs(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 3, Sessions: 30, Participants: 5, EventsPerParticipant: 3}, 3, time.Now()))
	good, wrong := f.server, refuse(f)
	f.server = wrong.Server
	stop := f.start()
	f.until("the refused one stands aside", standsAside)
	f.server = good
	f.start()
	f.until("all sessions read", `SELECT count(*) = 30 FROM sync.session_states WHERE complete_at IS NOT NULL`)
	f.until("no job due", idle)
	f.same()
	if n := wrong.refused.Load(); n > 5 {
		t.Errorf("it asked %d times", n)
	}
	stop()
	if n := f.count(`SELECT count(*) FROM sync.runs WHERE status = 'failed' AND error LIKE '%status 401%'`); n != 1 {
		t.Errorf("%d runs tell of it in the end", n)
	}
}

// It tries again by itself.
func TestRefusedWorkerComesBack(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 3, Participants: 5, EventsPerParticipant: 3}, 3, time.Now()))
	wrong := refuse(f)
	f.server, f.refusedPause = wrong.Server, 300*time.Millisecond
	stop := f.start()
	f.until("it stands aside", standsAside)
	wrong.accepts.Store(true)
	f.until("all sessions read", `SELECT count(*) = 3 FROM sync.session_states WHERE complete_at IS NOT NULL`)
	f.until("no job due", idle)
	wrong.accepts.Store(false)
	f.exec(`UPDATE rollcall_queue.river_job SET state = 'available', scheduled_at = now() WHERE kind = 'list_apps' AND state = 'scheduled'`)
	f.until("it stands aside again", standsAside)
	wrong.accepts.Store(true)
	f.until("nothing is refused", `SELECT NOT EXISTS (SELECT FROM sync.runs WHERE error IS NOT NULL)`)
	stop()
	f.same()
	if n := f.count(`SELECT count(*) FROM sync.runs WHERE status = 'succeeded'`); n != 1 {
		t.Error("the run did not succeed")
	}
}
