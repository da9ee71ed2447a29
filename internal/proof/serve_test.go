package proof_test

import (
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/webhook"
)

// serveSteps are those of the short form: where the receiver is killed. The long form tries
// every statement.
var serveSteps = []step{
	{"webhooks are received, and nothing is noted", "WITH events AS", false, false},
	{"webhooks are noted, and not committed", "WITH events AS", true, false},
	{"webhooks are committed, and not answered", "WITH events AS", true, true},
}

// TestReceiverKilledAtEachStep kills rollcall serve before or after a statement, while the
// webhooks of all sessions come in. The sender comes again where no answer came. In the end
// each session waits to be read, once, and a worker reads it.
func TestReceiverKilledAtEachStep(t *testing.T) {
	t.Parallel()
	base := serveScene(t)
	copies := new(atomic.Int64)
	twin := base.fresh(t, copies)
	w := newTripwire(t, twin.direct, nil, nil)
	twin.database = w.url
	twin.listen()
	p := twin.start("serve")
	twin.received(t, func() {})
	p.stop()
	eachPoint(t, sampling.Of(1, serveSteps), slices.Clone(w.statements), func(t *testing.T, at trap) {
		t.Helper()
		base.fresh(t, copies).receiverKilled(t, at)
	})
}

// serveScene gives a warehouse that is as the API was: sessions were corrected since.
func serveScene(t *testing.T) *scene {
	t.Helper()
	s := newScene(t, 11, pgtest.New(t))
	s.mustRun("run")
	s.alone()
	s.sim.Update(func(d *simulator.Data) {
		for _, session := range d.AllSessions() {
			if session.Status == simulator.StatusEnded {
				session.MinutesConsumed++
				session.UpdatedAt = session.UpdatedAt.Add(time.Second)
			}
		}
	})
	s.env = []string{"ROLLCALL_WEBHOOK_KEY_URL=" + strings.TrimSuffix(s.api, "/client/v4") + simulator.KeyPath}
	return s
}

// receiverKilled kills a receiver at a point; another one takes its place.
func (s *scene) receiverKilled(t *testing.T, at trap) {
	t.Helper()
	victim := make(chan *process, 1)
	w := newTripwire(t, s.direct, &at, func() { _ = (<-victim).Process.Kill() })
	s.database = w.url
	s.listen()
	p := s.start("serve")
	victim <- p
	s.received(t, func() {
		if end := p.wait(); !w.sprung.Load() || w.failed.Load() || end.code != -1 {
			t.Errorf("the point was not reached (%v), or the server refused the statement (%v); the receiver ended with %d:\n%s",
				!w.sprung.Load(), w.failed.Load(), end.code, end.stderr)
		}
		s.database = s.direct
		p = s.start("serve")
	})
	p.stop()
	s.worked(t, func() {})
}

// received sends a webhook of each session that has ended, and again where no answer comes,
// while something happens. What was answered is in the queue, once, whatever happens.
func (s *scene) received(t *testing.T, meanwhile func()) {
	t.Helper()
	var ended []simulator.Happening
	s.sim.View(func(d *simulator.Data) {
		for _, session := range d.AllSessions() {
			if session.Status == simulator.StatusEnded {
				ended = append(ended, simulator.Happening{Event: simulator.EventEnded, SessionID: session.ID})
			}
		}
	})
	answered := make(chan []simulator.Sent, 1)
	courier := simulator.NewCourier(s.sim, &http.Client{}, simulator.Habits{Retries: 600, Pause: 100 * time.Millisecond}, 1)
	go func() { answered <- courier.Announce(t.Context(), ended...) }()
	meanwhile()
	for _, sent := range <-answered {
		if sent.Status != http.StatusNoContent {
			t.Errorf("a webhook is answered with %d", sent.Status)
		}
	}
	var events, jobs, others int
	err := s.connect().QueryRow(t.Context(), `SELECT (SELECT count(*) FROM sync.webhook_events),
		(SELECT count(*) FROM sync.session_jobs AS s JOIN rollcall_queue.river_job AS j ON j.id = s.job_id WHERE j.state = 'available'),
		(SELECT count(*) FROM rollcall_queue.river_job WHERE kind = 'sync_session')`).Scan(&events, &jobs, &others)
	if err != nil || events != len(ended) || jobs != len(ended) || others != len(ended) {
		t.Errorf("of %d sessions %d events are kept, %d wait to be read, by %d jobs; %v", len(ended), events, jobs, others, err)
	}
}

// stop lets a process that serves come to its end.
func (p *process) stop() {
	p.t.Helper()
	if err := p.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	if end := p.wait(); end.code != 0 {
		p.t.Errorf("it ends with %d:\n%s", end.code, end.stderr)
	}
}

// listen gives the receiver an address of its own.
func (s *scene) listen() {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	s.env = append(slices.Clip(s.env), "ROLLCALL_WEBHOOK_ADDR="+address)
	s.sim.Update(func(d *simulator.Data) {
		for i := range d.Apps {
			d.Apps[i].Webhooks = []*simulator.Webhook{{ID: "w", URL: "http://" + address + webhook.Path, Enabled: true, Events: simulator.WebhookEvents()}}
		}
	})
}
