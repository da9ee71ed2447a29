package ledger_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// The status of an account counts the records that `rejects list` of it shows.
func TestOverviewCountsRejectedRecordsOfItsAccount(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	b.MustLoad(testbed.Session(1), model.ParticipantPage{Rejected: []model.Rejected{testbed.Reject(2, "{}"), testbed.Reject(3, "{}")}})
	other := b.Run
	other.AccountID = "other"
	id, err := b.Ledger.StartRun(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	other.ID = id
	if _, err := b.Store.SetAside(t.Context(), other, []model.Rejected{{Entity: model.EntityApp, Key: "k", Reason: "r", Raw: "{}"}}); err != nil {
		t.Fatal(err)
	}
	for account, want := range map[string][]model.RejectedOverview{
		"acc":   {{Entity: model.EntityParticipant, Open: 2}},
		"other": {{Entity: model.EntityApp, Open: 1}},
		"none":  {},
	} {
		o, err := b.Ledger.Overview(t.Context(), account)
		if diff := cmp.Diff(want, o.Rejected); err != nil || diff != "" {
			t.Errorf("%s: %v %s", account, err, diff)
		}
		listed, counted := int64(0), int64(0)
		for _, r := range o.Rejected {
			counted += r.Open
		}
		err = b.Store.Rejects(t.Context(), account, false, func(model.StoredReject) error { listed++; return nil })
		if err != nil || listed != counted {
			t.Errorf("%s: %d are counted, %d are listed: %v", account, counted, listed, err)
		}
	}
}

// However many runs began since, each worker that is alive is shown, and one that is gone is
// not for long.
func TestOverviewShowsEachWorker(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	run := b.Run
	run.Kind = model.KindWork
	var releases []func()
	for _, worker := range []string{"one", "two"} {
		_, release, err := b.Ledger.AcquireWorker(t.Context(), worker)
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
		if _, err := b.Ledger.StartShift(t.Context(), run, worker); err != nil {
			t.Fatal(err)
		}
	}
	defer releases[1]()
	for range 6 {
		if _, err := b.Ledger.StartRun(t.Context(), b.Run); err != nil {
			t.Fatal(err)
		}
	}
	shown := func() (workers int) {
		t.Helper()
		o, err := b.Ledger.Overview(t.Context(), b.Run.AccountID)
		if err != nil {
			t.Fatal(err)
		}
		for i := range o.Runs {
			if r := &o.Runs[i]; r.Kind == model.KindWork && r.UnderWay {
				workers++
			}
		}
		return workers
	}
	if n := shown(); n != 2 {
		t.Errorf("%d of 2 workers are shown", n)
	}
	releases[0]()
	if o, err := b.Ledger.Overview(t.Context(), b.Run.AccountID); err != nil || o.Queue == nil || o.Queue.Workers != 1 || o.Queue.OldestAt != nil {
		t.Errorf("the queue: %+v, %v", o.Queue, err)
	}
	if o, err := b.Ledger.Overview(t.Context(), "other"); err != nil || o.Queue != nil {
		t.Errorf("the queue of an account without one: %+v, %v", o.Queue, err)
	}
	if n := shown(); n != 1 {
		t.Errorf("%d workers are shown, and 1 is alive", n)
	}
}
