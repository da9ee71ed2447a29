package extract

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

func TestRecordingRecord(t *testing.T) {
	t.Parallel()
	session, err := model.ParseUUID("0b6f6f0e-1d9b-4d0a-8f61-1a3c7a1d1001")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 20, 15, 0, 14, 0, time.UTC)
	for name, c := range map[string]struct {
		json string
		want model.Recording
	}{
		"published sample": {
			`"session_id":"0b6f6f0e-1d9b-4d0a-8f61-1a3c7a1d1001","status":"UPLOADED","started_time":"2026-11-20T15:00:14.000Z",
			"recording_duration":2816,"file_size":2044680,"output_file_name":"` + canary + `.mp4","download_url":null,"download_url_expiry":null,"audio_download_url":null`,
			model.Recording{SessionID: session, Status: "UPLOADED", StartedAt: start, DurationSeconds: minutes(2816), FileSizeBytes: minutes(2044680)},
		},
		"nothing is known yet": {`"session_id":null,"status":"INVOKED","started_time":null,"file_size":null`, model.Recording{Status: "INVOKED"}},
		"all that is secret": {
			`"download_url":"https://x/?sig=` + canary + `","audio_download_url":"` + canary + `","storage_config":{"secret":"` + canary + `"},
			"meeting":{"id":"Room-1","recording_config":{"storage_config":{"access_key":"` + canary + `"}}}`,
			model.Recording{MeetingID: "Room-1"},
		},
		"track, by its list of files": {
			`"download_url":[{"layer_name":"default","download_urls":{"user_` + canary + `_peer.webm":{"download_url":"` + canary + `"}}}],"output_file_name":"` + canary + `"`,
			model.Recording{Type: model.TypeTrack},
		},
		"track, by its type": {`"type":"TRACK"`, model.Recording{Type: model.TypeTrack}},
		"mended": {
			`"recording_duration":"60","started_time":"2026-11-20 15:00:14.000000Z"`,
			model.Recording{
				DurationSeconds: minutes(60), StartedAt: start,
				Provenance: model.Provenance{Repairs: model.Repairs{"duration_seconds": "60", "started_at": "2026-11-20 15:00:14.000000Z"}},
			},
		},
		"unknown members": {
			`"note":"` + canary + `","layers":2,"signature":7`,
			model.Recording{Provenance: model.Provenance{Extra: []byte(`{"layers":2,"dropped_fields":["note","signature"]}`)}},
		},
	} {
		r := answeringWith(t, http.StatusOK, `{"success":true,"data":[{"id":"DDDDDDDD-0000-4000-8000-000000000001",`+c.json+`}],"paging":{"total_count":1,"start_offset":1,"end_offset":1}}`)
		var got []model.Recording
		_, err := r.Recordings(t.Context(), "app", time.Time{}, time.Time{}, func(p model.RecordingPage) error { got = append(got, p.Recordings...); return nil })
		c.want.ID = "dddddddd-0000-4000-8000-000000000001"
		if diff := cmp.Diff([]model.Recording{c.want}, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
		if strings.Contains(fmt.Sprintf("%+v %s", got, r.log), canary) {
			t.Errorf("%s: a secret came through", name)
		}
	}
}

func TestRejectedRecordingsHoldNoSecret(t *testing.T) {
	t.Parallel()
	for _, record := range []string{
		`{"id":"r1","started_time":{"x":"` + canary + `"},"output_file_name":"` + canary + `","download_url":"` + canary + `"}`,
		`{"storage_config":{"secret":"` + canary + `"}}`, `"` + canary + `"`,
		`{"id":"r1","meeting":{"id":"` + strings.Repeat("x", 600) + `","k":"` + canary + `"}}`,
		`{"id":"r1","session_id":"no uuid","k":"` + canary + `"}`,
	} {
		r := answeringWith(t, http.StatusOK, `{"data":[`+record+`]}`)
		var page model.RecordingPage
		_, err := r.Recordings(t.Context(), "app", time.Time{}, time.Time{}, func(p model.RecordingPage) error {
			page.Rejected = append(page.Rejected, p.Rejected...)
			return nil
		})
		if err != nil || len(page.Rejected) == 0 || page.Rejected[0].Entity != model.EntityRecording || page.Rejected[0].AppID != "app" {
			t.Errorf("%s: %+v, %v", record, page, err)
		}
		if strings.Contains(fmt.Sprintf("%+v %s", page, r.log), canary) {
			t.Errorf("a secret came through: %+v", page)
		}
	}
}

// The livestream of a session comes in each of the shapes that the documents show.
func TestLivestreamsInEitherShape(t *testing.T) {
	t.Parallel()
	const one = `{"id":"l1","livestream_id":"s1","err_message":"no %s","ingest_seconds":118,"viewer_seconds":116.116,"stopped_time":"2026-11-20T15:03:00.000Z","stream_key":"` + canary + `"}`
	for name, data := range map[string]string{
		"as its example": `{"data":[` + one + `],"paging":{"total_count":1,"start_offset":1,"end_offset":1}}`,
		"as its schema":  one, "a bare list": `[` + one + `]`, "by its name": `{"livestream_sessions":[` + one + `]}`,
	} {
		r := answeringWith(t, http.StatusOK, `{"success":true,"data":`+strings.ReplaceAll(data, "%s", `rtmp:\/\/host\/`+canary)+`}`)
		got := map[string]model.LivestreamSession{}
		pages := 0
		pass, err := r.LivestreamSessions(t.Context(), "app", model.UUID{1}, func(p model.LivestreamPage) error {
			pages++
			for _, l := range p.Sessions {
				got[l.ID] = l
			}
			return nil
		})
		if single := name == "as its example" || name == "as its schema"; single && pages != 1 {
			t.Errorf("%s: asked for %d pages", name, pages)
		}
		want := map[string]model.LivestreamSession{"l1": {
			ID: "l1", LivestreamID: "s1", ErrMessage: "[an address, not shown]", IngestSeconds: minutes(118), ViewerSeconds: minutes(116.116),
			StoppedAt: time.Date(2026, 11, 20, 15, 3, 0, 0, time.UTC),
		}}
		if diff := cmp.Diff(want, got); err != nil || !pass.Sound() || diff != "" {
			t.Errorf("%s: %+v, %v\n%s", name, pass, err, diff)
		}
		if strings.Contains(fmt.Sprintf("%+v %s", got, r.log), canary) {
			t.Errorf("%s: a secret came through", name)
		}
	}
	for _, data := range []string{`{}`, `{"paging":{}}`, `null`, `"x"`} {
		r := answeringWith(t, http.StatusOK, `{"success":true,"data":`+data+`}`)
		if _, err := r.LivestreamSessions(t.Context(), "app", model.UUID{1}, func(model.LivestreamPage) error { return nil }); err == nil {
			t.Errorf("data %s passes for no livestream", data)
		}
	}
}

// The list of recordings has a limit of its own. What its answers say of that is not
// taken for what is left to all other calls, and the other way round.
func TestRecordingsHaveTheirOwnLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := NewBudget(BudgetConfig{PerSecond: 1000, QuotaShare: 0.2, MaxWait: time.Hour})
		c := &connection{cfg: Config{Budget: shared}, recordings: ownBudget(shared)}
		ask := func(path string, headers http.Header) time.Duration {
			began := time.Now()
			if err := c.take(t.Context(), path); err != nil {
				t.Fatal(err)
			}
			c.done(t.Context(), path, headers)
			return time.Since(began)
		}
		spent := http.Header{"Ratelimit": {`"default";r=0;t=50`}, "Ratelimit-Policy": {`"default";q=1000;w=50`}}
		ask("/app/recordings", spent)
		if took := ask("/app/sessions", http.Header{}); took > time.Second {
			t.Errorf("another call waited %s for the limit of recordings", took)
		}
		if took := ask("/app/recordings", http.Header{}); took < 49*time.Second {
			t.Errorf("the next list of recordings waited %s only, though nothing is left for 50 s", took)
		}
		began := time.Now()
		for range 100 {
			ask("/app/recordings", http.Header{})
		}
		if took := time.Since(began); took < 7*time.Second {
			t.Errorf("100 calls for recordings in %s: more than 1,000 a minute, less a fifth", took)
		}
		ask("/app/sessions", http.Header{"Ratelimit": {`"default";r=0;t=300`}})
		if took := ask("/app/recordings", http.Header{}); took < 299*time.Second {
			t.Errorf("recordings took no part in the shared limit: %s", took)
		}
	})
}

// Pages of 10 of 35 recordings, in several readings of the paging.
func TestRecordingsArePaged(t *testing.T) {
	t.Parallel()
	for name, dialect := range map[string]simulator.Dialect{
		"plain": {}, "from 0": {PageBase0: true}, "capped": {MaxPerPage: 7}, "no paging": {Paging: simulator.PagingAbsent}, "floats": {FloatCounts: true},
	} {
		data := bulk(1)
		app := &data.Apps[0]
		for i := range 35 {
			app.Recordings = append(app.Recordings, &simulator.Recording{
				ID: fmt.Sprintf("dddddddd-0000-4000-8000-%012d", i), Status: "UPLOADED", InvokedAt: time.Date(2026, 11, 1, 0, i, 0, 0, time.UTC),
			})
		}
		r := newRig(t, data, simulator.Options{Dialect: dialect})
		seen := map[string]bool{}
		pass, err := r.Recordings(t.Context(), app.ID, time.Time{}, time.Time{}, func(p model.RecordingPage) error {
			for i := range p.Recordings {
				seen[p.Recordings[i].ID] = true
			}
			return nil
		})
		if err != nil || !pass.Sound() || len(seen) != 35 {
			t.Errorf("%s: %d recordings, %+v, %v", name, len(seen), pass, err)
		}
	}
}
