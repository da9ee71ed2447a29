package extract

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// FuzzWalk: whatever pages a server makes of a list, reading it ends, hands on
// each row that was shown, and calls the list sound only if as many different
// rows came as were announced.
func FuzzWalk(f *testing.F) {
	f.Add([]byte{3, 1, 2, 3, 7, 3, 3, 4, 5, 6, 7, 6, 1, 7, 7, 7}, 3)
	f.Add([]byte{0, 0, 0}, 1)
	f.Add([]byte{2, 1, 1, 255, 255, 2, 1, 1, 255, 255}, 2)
	f.Fuzz(func(t *testing.T, script []byte, size int) {
		if size < 1 || size > 1000 {
			return
		}
		next := func() int {
			if len(script) == 0 {
				return 0
			}
			b := script[0]
			script = script[1:]
			return int(b)
		}
		fetches := 0
		shown, delivered := map[key]bool{}, 0
		pass, err := walkList(t.Context(), size, new(pageBase), func(context.Context, int, int) (fetched, error) {
			if fetches++; fetches > 5000 {
				t.Fatal("no end")
			}
			var page fetched
			for range next() % 8 {
				page.keys = append(page.keys, textKey(string(rune('a'+next()%16))))
			}
			if total := next(); total != 255 {
				end := next()
				page.paging = paging{present: true, total: total % 32, start: 1, end: end % 32}
			}
			page.deliver = func() error {
				for _, k := range page.keys {
					shown[k] = true
				}
				delivered += len(page.keys)
				return nil
			}
			return page, nil
		})
		if err != nil {
			return
		}
		if pass.Distinct != len(shown) || pass.Distinct+pass.Duplicates != delivered {
			t.Fatalf("%+v of %d rows, %d of them different", pass, delivered, len(shown))
		}
		if pass.Sound() && pass.Announced >= 0 && pass.Announced != pass.Distinct {
			t.Fatalf("%+v is sound", pass)
		}
	})
}

// FuzzRecords: no answer to any request makes the decoders fail otherwise than by
// an error, and what they reject can be stored.
func FuzzRecords(f *testing.F) {
	for _, name := range []string{"sessions.json", "apps.json", "meetings.json", "meeting_participants.json", "daywise.json", "peer_report.json", "session_flat.json", "session_nested.json"} {
		f.Add([]byte(sample(f, name)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		client, _ := newClient(t, "http://localhost:1/client/v4", func(c *Config) {
			c.RetryFor = 0
			c.Budget = NewBudget(BudgetConfig{PerSecond: 1e6}) // which waits for nobody
		})
		client.http.Transport = canned(body)
		ctx := t.Context()
		var rejected []model.Rejected
		_, _ = client.Apps(ctx, func(p model.AppPage) error { rejected = append(rejected, p.Rejected...); return nil })
		_, _ = client.Sessions(ctx, "app", now, now, func(p model.SessionPage) error { rejected = append(rejected, p.Rejected...); return nil })
		_, _ = client.Meetings(ctx, "app", func(p model.MeetingPage) error { rejected = append(rejected, p.Rejected...); return nil })
		_, _ = client.MeetingParticipants(ctx, "app", "m", func(p model.MeetingParticipantPage) error { rejected = append(rejected, p.Rejected...); return nil })
		if page, err := client.DailyStats(ctx, "app", now, now); err == nil {
			rejected = append(rejected, page.Rejected...)
		}
		_, _ = client.Session(ctx, "app", testSession)
		_, _ = client.Meeting(ctx, "app", "m")
		_, _ = client.PeerReport(ctx, model.DuePeer{AppID: "app"}, true)
		for i := range rejected {
			storable(t, model.Provenance{}, rejected[i].Key, rejected[i].Reason, rejected[i].Raw)
		}
	})
}

// canned is an http.RoundTripper with one answer to everything.
type canned []byte

// RoundTrip implements http.RoundTripper.
func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(c)),
	}, nil
}
