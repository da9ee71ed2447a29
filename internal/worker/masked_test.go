package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// What River keeps of a job that failed names nobody who was erased while it ran.
func TestErrorsOfJobsNameNobodyWhoWasErasedMeanwhile(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
	var err error
	if f.key, err = privacy.NewKey(secret.New(strings.Repeat("k", privacy.MinKeyBytes))); err != nil {
		t.Fatal(err)
	}
	const ana = "ana.smith@school.example"
	f.data.Apps[0].Sessions[0].Participants[0].CustomParticipantID = ana
	stop := f.start()
	f.until("read", `SELECT count(*) = 1 FROM sync.session_states WHERE complete_at IS NOT NULL`)
	f.until("no job due", idle)
	stop()
	erase := func() {
		db := warehouse.New(f.pool, slog.New(slog.DiscardHandler))
		ctx := context.WithoutCancel(t.Context())
		err := db.Protect(ctx, warehouse.Privacy{Key: f.key})
		_, failed := erasure.New(db).Erase(ctx, erasure.Erasure{CustomIDs: []string{ana}, Mode: privacy.Remove})
		if err := errors.Join(err, failed); err != nil {
			t.Error(err)
		}
	}
	refuse := simulator.KitError(http.StatusBadRequest, "no app of "+ana)
	f.sim.Script(simulator.Fault{Path: "*/apps", Nth: 1, Answer: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		erase()
		refuse(w, r, next)
	}})
	f.exec(`UPDATE rollcall_queue.river_job SET state = 'available', scheduled_at = now() WHERE kind = 'list_apps' AND state = 'scheduled'`)
	f.start()
	const failed = ` FROM rollcall_queue.river_job WHERE kind = 'list_apps' AND errors IS NOT NULL`
	f.until("the job fails", `SELECT count(*) > 0`+failed)
	if got := pgtest.Text(t, f.pool, `SELECT string_agg(errors::text, ' ')`+failed); !strings.Contains(got, "no app of [erased]") || strings.Contains(got, ana) {
		t.Errorf("River keeps %s", got)
	}
}
