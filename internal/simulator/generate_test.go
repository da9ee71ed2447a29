package simulator_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

func TestGenerateExactSize(t *testing.T) {
	t.Parallel()
	for _, size := range []simulator.Size{
		{},
		{Sessions: 3},
		{Apps: 2, Sessions: 5, Participants: 4},
		{Apps: 1, Sessions: 2, Participants: 3, EventsPerParticipant: 1},
		{Apps: 3, Sessions: 7, Participants: 11, EventsPerParticipant: 2},
		{Apps: 2, Sessions: 4, Participants: 50, EventsPerParticipant: 5},
		{Apps: 2, Sessions: 2, Participants: 9, EventsPerParticipant: 12},
	} {
		d := simulator.Generate(size, 1, now)
		sessions, participants, events := d.Counts()
		got := simulator.Size{Apps: len(d.Apps), Sessions: sessions, Participants: participants, EventsPerParticipant: events}
		want := simulator.Size{
			Apps: max(size.Apps, 1), Sessions: size.Sessions, Participants: size.Sessions * size.Participants,
			EventsPerParticipant: size.Sessions * size.Participants * size.EventsPerParticipant,
		}
		if got != want {
			t.Errorf("%+v: made %+v, want %+v", size, got, want)
		}
		for _, s := range d.AllSessions() {
			if s.Status != simulator.StatusEnded {
				t.Errorf("%+v: session is %s", size, s.Status)
			}
			if size.EventsPerParticipant >= 2 {
				wellFormed(t, s, now)
			}
		}
		if diff := cmp.Diff(d, simulator.Generate(size, 1, now)); diff != "" {
			t.Errorf("%+v does not repeat:\n%s", size, diff)
		}
	}
}

func TestGenerateNegativeSize(t *testing.T) {
	t.Parallel()
	d := simulator.Generate(simulator.Size{Apps: -1, Sessions: -1, Participants: -1, EventsPerParticipant: -1}, 1, now)
	if s, p, e := d.Counts(); s+p+e != 0 || len(d.Apps) != 1 {
		t.Errorf("made %d sessions, %d participants, %d events", s, p, e)
	}
}

func BenchmarkGenerate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		simulator.Generate(simulator.Size{Apps: 4, Sessions: 200, Participants: 1000, EventsPerParticipant: 5}, 1, now)
	}
}

// discard is a client that reads as fast as the server writes.
type discard struct {
	header http.Header
	n      int64
}

func (d *discard) Header() http.Header { return d.header }
func (d *discard) WriteHeader(int)     {}
func (d *discard) Write(b []byte) (int, error) {
	d.n += int64(len(b))
	return len(b), nil
}

func BenchmarkPage(b *testing.B) {
	d := simulator.Generate(simulator.Size{Sessions: 1, Participants: 1000, EventsPerParticipant: 5}, 1, now)
	for _, encoding := range []string{"identity", "gzip"} {
		b.Run(encoding, func(b *testing.B) {
			sim := simulator.New(d, simulator.Options{})
			req := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/client/v4/accounts/"+d.AccountID+"/realtime/kit"+
				participantsPath(d.Apps[0].Sessions[0])+"?per_page=1000&include_peer_events=true&sort_by=joinedAt&sort_order=ASC", http.NoBody)
			req.Header.Set("Authorization", "Bearer x")
			req.Header.Set("Accept-Encoding", encoding)
			b.ReportAllocs()
			for b.Loop() {
				w := &discard{header: http.Header{}}
				sim.ServeHTTP(w, req)
				b.SetBytes(w.n)
			}
		})
	}
}
