package extract

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "token-that-nobody-may-see"

var now = time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC)

// rig is a client and the simulated API that it reads.
type rig struct {
	*Client
	sim  *simulator.Server
	log  *bytes.Buffer
	data *simulator.Data
}

// newRig joins client and simulator in one process, without a network, so that
// it works under testing/synctest too.
func newRig(t *testing.T, data *simulator.Data, opts simulator.Options, change ...func(*Config)) rig {
	t.Helper()
	opts.Token = token
	sim := simulator.New(data, opts)
	client, log := newClient(t, "http://localhost:1/client/v4", change...)
	client.http.Transport = inProcess{sim}
	return rig{client, sim, log, data}
}

func newClient(t *testing.T, baseURL string, change ...func(*Config)) (*Client, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	cfg := Config{
		BaseURL: baseURL, AccountID: simulator.DemoAccountID, Token: secret.New(token), UserAgent: "test",
		PerPage: 10, MaxBody: 1 << 20, RetryFor: time.Minute, Timeout: 10 * time.Second,
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Budget: NewBudget(BudgetConfig{PerSecond: 1e6, QuotaShare: 0.2, MaxWait: time.Hour}),
	}
	for _, c := range change {
		c(&cfg)
	}
	client, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client, log
}

// bulk is an account with one session of n participants with three events each.
func bulk(n int) *simulator.Data {
	return simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: n, EventsPerParticipant: 3}, 7, now)
}

// reading is everything that one pass over a session handed on.
type reading struct {
	pass         model.Pass
	pages        int
	participants []model.Participant
	events       []model.PeerEvent
	rejected     []model.Rejected
}

func (r rig) participants(ctx context.Context) (reading, error) {
	s := r.data.Apps[0].Sessions[0]
	id, err := model.ParseUUID(s.ID)
	if err != nil {
		return reading{}, err
	}
	var got reading
	got.pass, err = r.Participants(ctx, s.AppID, id, func(page model.ParticipantPage) error {
		got.pages++
		got.participants = append(got.participants, page.Participants...)
		got.events = append(got.events, page.Events...)
		got.rejected = append(got.rejected, page.Rejected...)
		return nil
	})
	return got, err
}

// ids gives the different ids that were read, sorted.
func (r reading) ids() []string {
	var ids []string
	for i := range r.participants {
		ids = append(ids, r.participants[i].ID.String())
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// truth gives the ids of the session's participants, sorted.
func (r rig) truth() []string {
	var ids []string
	r.sim.View(func(d *simulator.Data) {
		for _, p := range d.Apps[0].Sessions[0].Participants {
			ids = append(ids, p.ID)
		}
	})
	slices.Sort(ids)
	return ids
}

func (r rig) requests() int { return r.sim.Stats().Requests }

// inProcess is an http.RoundTripper that calls a handler and streams its
// answer.
type inProcess struct{ handler http.Handler }

func (t inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	reader, writer := io.Pipe()
	w := &streamed{header: make(http.Header), body: writer, started: make(chan struct{})}
	stop := context.AfterFunc(req.Context(), func() { _ = reader.CloseWithError(req.Context().Err()) })
	go func() {
		defer stop()
		defer func() {
			if recover() != nil { // http.ErrAbortHandler
				_ = writer.CloseWithError(io.ErrUnexpectedEOF)
			}
			w.WriteHeader(http.StatusOK)
			_ = writer.CloseWithError(req.Context().Err()) // nil is the end of the body
		}()
		t.handler.ServeHTTP(w, req)
	}()
	select {
	case <-w.started:
		return &http.Response{StatusCode: w.status, Header: w.header.Clone(), Body: reader, Request: req}, nil
	case <-req.Context().Done():
		_ = reader.CloseWithError(req.Context().Err())
		return nil, req.Context().Err()
	}
}

// streamed is the http.ResponseWriter of inProcess.
type streamed struct {
	header  http.Header
	body    *io.PipeWriter
	once    sync.Once
	status  int
	started chan struct{}
}

func (w *streamed) Header() http.Header { return w.header }
func (w *streamed) Flush()              {}

func (w *streamed) WriteHeader(status int) {
	w.once.Do(func() {
		w.status = status
		close(w.started)
	})
}

func (w *streamed) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}
