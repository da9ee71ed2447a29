package load_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// memory gives how many bytes are in use and how many were ever allocated.
func memory() (used, ever uint64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, m.TotalAlloc
}

// Texts of rejected records are bounded in memory as rows are, and appear with
// the rows at once. Not parallel: the heap is everybody's.
func TestRejectedRecordsDoNotFillMemory(t *testing.T) {
	sampling.Long(t)
	b := testbed.New(t)
	const records, size, most = 10_000, 6 << 10, 16 << 20 // of 60 MiB
	before, _ := memory()
	var read uint64
	counts, err := b.Store.LoadSession(t.Context(), b.Run, testbed.Session(1), func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
		for n := 0; n < records; n += 100 {
			page := model.ParticipantPage{Pass: 1, Participants: []model.Participant{testbed.Participant(1_000_000+n, "x", testbed.T0)}}
			for i := range 100 {
				page.Rejected = append(page.Rejected, testbed.Reject(10+n+i, fmt.Sprint(n+i, " ", strings.Repeat("x", size))))
			}
			if err := stage(page); err != nil {
				return testbed.Full, err
			}
		}
		var used uint64
		if used, read = memory(); used > before+most {
			t.Errorf("%d MiB are held once all was read", (used-before)>>20)
		}
		if open := b.Text(`SELECT count(*)::text FROM sync.rejected_records`); open != "0" {
			t.Errorf("%s records appear before the session", open)
		}
		return testbed.Full, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ever := memory(); ever > read+most {
		t.Errorf("storing them allocated %d MiB", (ever-read)>>20)
	}
	if counts.Rejected != records || counts.Inserted != 1+records/100 {
		t.Errorf("%+v", counts)
	}
	if got := b.Text(`SELECT concat_ws(' ', count(*), count(DISTINCT raw_text), min(length(raw_text)), max(times_seen)) FROM sync.rejected_records`); got != "10000 10000 6146 1" {
		t.Errorf("stored %s", got)
	}
	if held := b.Store.Held(); held != 0 {
		t.Errorf("%d bytes are left in the account", held)
	}
}

// A record that was set aside is one, and is not gone, whichever way it took and
// however often it was listed.
func TestRejectedRecordsOnAllPaths(t *testing.T) {
	t.Parallel()
	for _, most := range []int64{1, 600, 1 << 20} {
		b := testbed.New(t)
		b.Store.HoldAtMost(most, 1<<20)
		b.MustLoad(testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{testbed.Participant(2, "x", testbed.T0), testbed.Participant(3, "gone", testbed.T0)}})
		b.NextRun()
		event := model.Rejected{Entity: model.EntityPeerEvent, AppID: "app", SessionID: testbed.UUID(1), Key: "k", Reason: "r", Raw: "{}"}
		counts := b.MustLoad(testbed.Session(1),
			model.ParticipantPage{Participants: []model.Participant{testbed.Participant(4, "y", testbed.T0)}, Rejected: []model.Rejected{testbed.Reject(2, "{}"), event}},
			model.ParticipantPage{Rejected: []model.Rejected{testbed.Reject(2, "{}")}})
		if counts.Rejected != 2 {
			t.Errorf("at most %d bytes: %+v, want two set aside", most, counts)
		}
		if got := b.Text(`SELECT string_agg(display_name, ' ' ORDER BY participant_id) FROM realtimekit.participants WHERE removed_at IS NULL`); got != "x y" {
			t.Errorf("at most %d bytes: %s are there, want x y", most, got)
		}
		if got := b.Text(`SELECT string_agg(concat_ws(' ', entity, raw_text, times_seen), ', ' ORDER BY entity) FROM sync.rejected_records
			WHERE resolved_at IS NULL AND app_id = 'app' AND run_id = 2`); got != "participant {} 1, peer_event {} 1" {
			t.Errorf("at most %d bytes: set aside %s", most, got)
		}
	}
}

// What a reading that was not full did not show may still be wrong.
func TestOnlyAFullReadingResolves(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	b.MustLoad(testbed.Session(1), model.ParticipantPage{Rejected: []model.Rejected{testbed.Reject(2, "{}")}})
	for _, isFull := range []bool{false, true} {
		b.NextRun()
		reading := model.Reading{FullPass: isFull, LastPass: 1, Complete: isFull}
		if _, err := b.Load(testbed.Session(1), reading, model.ParticipantPage{Participants: []model.Participant{testbed.Participant(3, "x", testbed.T0)}}); err != nil {
			t.Fatal(err)
		}
		if got := b.Text(`SELECT (resolved_at IS NOT NULL)::text FROM sync.rejected_records`); got != fmt.Sprint(isFull) {
			t.Errorf("after a reading that was full (%t) the record is resolved: %s", isFull, got)
		}
	}
}

// A worker reads a session again and again in one run. The later reading resolves what
// it did not set aside again, but nothing of an optional read, which stores its own.
func TestALaterReadingOfTheSameRunResolves(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	b.MustLoad(testbed.Session(1), model.ParticipantPage{Rejected: []model.Rejected{testbed.Reject(2, "{}"), testbed.Reject(3, "{}")}})
	for _, entity := range []string{model.EntitySession, model.EntityLivestreamSession, model.EntityPeerReport} {
		aside := model.Rejected{Entity: entity, AppID: "app", SessionID: testbed.UUID(1), Key: "k", Reason: "r", Raw: "{}"}
		if _, err := b.Store.SetAside(t.Context(), b.Run, []model.Rejected{aside}); err != nil {
			t.Fatal(err)
		}
	}
	b.MustLoad(testbed.Session(1), model.ParticipantPage{
		Participants: []model.Participant{testbed.Participant(2, "x", testbed.T0)},
		Rejected:     []model.Rejected{testbed.Reject(3, "{}")},
	})
	if got := b.Text(`SELECT string_agg(entity || ' ' || right(record_key, 1), ', ' ORDER BY entity) FROM sync.rejected_records
		WHERE resolved_at IS NULL`); got != "livestream_session k, participant 3, peer_report k" {
		t.Errorf("open: %s", got)
	}
}

// Of two passes over a session the second tells, unless it is not full either:
// then what the first set aside is kept.
func TestSecondPassTellsWhatIsSetAside(t *testing.T) {
	t.Parallel()
	mended := testbed.Participant(3, "mended", testbed.T0)
	mended.Repairs = model.Repairs{"left_at": "null"}
	event := model.PeerEvent{ParticipantID: testbed.UUID(3), ID: testbed.UUID(9), Provenance: model.Provenance{Repairs: model.Repairs{"created_at": "null"}}}
	first := model.ParticipantPage{
		Pass: 1, Participants: []model.Participant{mended}, Events: []model.PeerEvent{event},
		Rejected: []model.Rejected{testbed.Reject(2, "first"), testbed.Reject(4, "first"), testbed.Reject(5, "first")},
	}
	second := model.ParticipantPage{
		Pass: 2, Participants: []model.Participant{testbed.Participant(2, "fine", testbed.T0), mended}, Events: []model.PeerEvent{event},
		Rejected: []model.Rejected{testbed.Reject(4, "second")},
	}
	alone := model.ParticipantPage{Pass: 1, Rejected: first.Rejected}
	for name, c := range map[string]struct {
		first          model.ParticipantPage
		full           bool
		aside, removed string
	}{
		"full":            {first, true, "4 second", "gone"},
		"only set aside":  {alone, true, "4 second", "gone"},
		"not full either": {first, false, "2 first, 4 second, 5 first", "<null>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := testbed.New(t)
			b.MustLoad(testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{testbed.Participant(5, "gone", testbed.T0)}})
			b.NextRun()
			counts, err := b.Load(testbed.Session(1), model.Reading{FullPass: c.full, LastPass: 2, Complete: c.full}, c.first, second)
			if err != nil {
				t.Fatal(err)
			}
			if got := b.Text(`SELECT string_agg(right(record_key, 1) || ' ' || raw_text, ', ' ORDER BY record_key)
				FROM sync.rejected_records WHERE resolved_at IS NULL`); got != c.aside {
				t.Errorf("set aside %s, want %s", got, c.aside)
			}
			if want := 1 + strings.Count(c.aside, ","); counts.Rejected != want || counts.Repaired != 2 {
				t.Errorf("%+v, want %d rejected and the 2 mended once", counts, want)
			}
			if got := b.Text(`SELECT string_agg(display_name, ' ') FROM realtimekit.participants WHERE removed_at IS NOT NULL`); got != c.removed {
				t.Errorf("removed %s, want %s", got, c.removed)
			}
		})
	}
}
