package ledger_test

import (
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// A checkpoint is of one account, app and range, and of a full backfill or another: whatever
// differs begins anew, and ends by itself.
func TestCheckpointsAreOfOneBackfill(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	own := b.Run
	own.From, own.To, own.Full = testbed.T0, testbed.T0.AddDate(0, 1, 0), true
	at := testbed.T0.AddDate(0, 0, 7)
	if err := b.Ledger.SaveCheckpoint(t.Context(), own, "app", at); err != nil {
		t.Fatal(err)
	}
	checkpoint := func(run model.Run, appID string) time.Time {
		t.Helper()
		found, err := b.Ledger.Checkpoint(t.Context(), run, appID)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if got := checkpoint(own, "another app"); !got.IsZero() {
		t.Errorf("another app begins at %s", got)
	}
	for what, change := range map[string]func(*model.Run){
		"another account":      func(r *model.Run) { r.AccountID = "another" },
		"an earlier start":     func(r *model.Run) { r.From = r.From.AddDate(0, 0, -1) },
		"a later end":          func(r *model.Run) { r.To = r.To.AddDate(0, 0, 1) },
		"no end":               func(r *model.Run) { r.To = time.Time{} },
		"one that is not full": func(r *model.Run) { r.Full = false },
	} {
		other := own
		change(&other)
		if got := checkpoint(other, "app"); !got.IsZero() {
			t.Errorf("%s begins at %s", what, got)
		}
		if err := b.Ledger.EndBackfill(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		if apps, err := b.Ledger.ForgetBackfill(t.Context(), other); apps != 0 || err != nil {
			t.Errorf("%s gives up the checkpoints of %d apps, %v", what, apps, err)
		}
	}
	if got := checkpoint(own, "app"); !got.Equal(at) {
		t.Errorf("the checkpoint is %s, want %s", got, at)
	}
	if apps, err := b.Ledger.ForgetBackfill(t.Context(), own); apps != 1 || err != nil {
		t.Errorf("gave up the checkpoints of %d apps, want 1; %v", apps, err)
	}
}
