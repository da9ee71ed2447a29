package extract

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// Metrics and traces tell requests apart by what they ask for: each method of the client has
// its name among Endpoints, but for those of webhooks, which no run asks for.
func TestEachMethodHasAnEndpoint(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	r := newRig(t, bulk(3), simulator.Options{}, func(c *Config) {
		c.Observe = func(e Exchange) {
			mu.Lock()
			defer mu.Unlock()
			if !slices.Contains(asked, e.Endpoint) {
				asked = append(asked, e.Endpoint)
			}
		}
	})
	of := r.data.Apps[0].Sessions[0]
	app, meeting := of.AppID, of.MeetingID
	session, err := model.ParseUUID(of.ID)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for endpoint, ask := range map[string]func() error{
		"apps": func() error { return only(r.Apps(ctx, func(model.AppPage) error { return nil })) },
		"sessions": func() error {
			return only(r.Sessions(ctx, app, time.Time{}, time.Time{}, func(model.SessionPage) error { return nil }))
		},
		"session":      func() error { return only(r.Session(ctx, app, session)) },
		"participants": func() error { return only(r.CountParticipants(ctx, app, session)) },
		"meetings":     func() error { return only(r.Meetings(ctx, app, func(model.MeetingPage) error { return nil })) },
		"meeting":      func() error { return only(r.Meeting(ctx, app, meeting)) },
		"enrolment": func() error {
			return only(r.MeetingParticipants(ctx, app, meeting, func(model.MeetingParticipantPage) error { return nil }))
		},
		"daywise":     func() error { return only(r.DailyStats(ctx, app, time.Time{}, time.Time{})) },
		"peer_report": func() error { return only(r.PeerReport(ctx, model.DuePeer{AppID: app, PeerID: session}, false)) },
		"recordings": func() error {
			return only(r.Recordings(ctx, app, time.Time{}, time.Time{}, func(model.RecordingPage) error { return nil }))
		},
		"livestreams": func() error { return only(r.StreamedMeetings(ctx, app, func([]string) error { return nil })) },
		"livestream_sessions": func() error {
			return only(r.LivestreamSessions(ctx, app, session, func(model.LivestreamPage) error { return nil }))
		},
		"other": func() error { return only(r.Webhooks(ctx, app)) },
	} {
		asked = nil
		_ = ask() // whatever came of it was observed
		if !slices.Equal(asked, []string{endpoint}) {
			t.Errorf("it is told as %q, want %q: Endpoint in observe.go goes by the path", asked, endpoint)
		}
		if !slices.Contains(Endpoints, endpoint) {
			t.Errorf("%s is not among Endpoints (observe.go), of which each has a series of its own in metrics", endpoint)
		}
	}
}

func only[T any](_ T, err error) error { return err }

// Who has one participant is told so, wherever the count stands and whichever number the
// first page has.
func TestParticipantsAreCountedInOneRequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dialect simulator.Dialect
		want    int
	}{
		"beside the rows": {simulator.Dialect{}, 1}, "at the top": {simulator.Dialect{Paging: simulator.PagingTop}, 1},
		"pages from 0": {simulator.Dialect{PageBase0: true}, 1}, "nowhere": {simulator.Dialect{Paging: simulator.PagingAbsent}, -1},
		"as a fraction": {simulator.Dialect{FloatCounts: true}, 1},
	} {
		r := newRig(t, bulk(1), simulator.Options{Dialect: c.dialect})
		for _, read := range []bool{false, true} { // the second time the first page is known
			before := r.requests()
			got, err := r.count(t.Context())
			if err != nil || got != c.want || r.requests() != before+1 {
				t.Errorf("%s, after a reading %v: %d participants in %d requests, want %d in one: %v", name, read, got, r.requests()-before, c.want, err)
			}
			if _, err := r.participants(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (r rig) count(ctx context.Context) (int, error) {
	s := r.data.Apps[0].Sessions[0]
	id, err := model.ParseUUID(s.ID)
	if err != nil {
		return 0, err
	}
	return r.CountParticipants(ctx, s.AppID, id)
}
