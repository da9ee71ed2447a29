package extract

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// refusedReader reads single sessions while each of its requests gets an answer.
func refusedReader(t *testing.T, answer simulator.Answer, times int) (r rig, read func(number int) error) {
	t.Helper()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 8, Participants: 1, EventsPerParticipant: 1}, 7, now)
	r = newRig(t, data, simulator.Options{Script: []simulator.Fault{{Answer: answer, Times: times}}}, func(c *Config) {
		c.Budget = NewBudget(BudgetConfig{PerSecond: 1000, MaxWait: 5 * time.Minute})
	})
	return r, func(number int) error {
		id, err := model.ParseUUID(data.Apps[0].Sessions[number].ID)
		if err == nil {
			_, err = r.Session(t.Context(), data.Apps[0].ID, id)
		}
		return err
	}
}

// A 429 without Retry-After, as Cloudflare may send it
// (https://github.com/cloudflare/workers-sdk/pull/14877), holds back all that share the
// token, ever longer: each went on by itself, and was refused.
func TestRefusalWithoutATimeHoldsForEverybody(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]simulator.Answer{
		"nothing told": simulator.Empty(http.StatusTooManyRequests), "with an envelope": simulator.KitError(http.StatusTooManyRequests, "slow down"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, read := refusedReader(t, answer, 0)
				began := time.Now()
				var group sync.WaitGroup
				for n := range 8 {
					group.Go(func() {
						if err := read(n); !errors.Is(err, model.ErrBudgetSpent) {
							t.Errorf("%v", err)
						}
					})
				}
				group.Wait()
				// The first, and those after 1, 2, 4 seconds and so on: after 255 seconds
				// the next would come too late.
				if took := time.Since(began); took < 255*time.Second || took > 265*time.Second || r.requests() > 9 {
					t.Errorf("%d requests in %s", r.requests(), took)
				}
			})
		})
	}
}

// When the API takes requests again, nothing is left of it.
func TestRefusalsThatEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, read := refusedReader(t, simulator.Empty(http.StatusTooManyRequests), 4)
		began := time.Now()
		var group sync.WaitGroup
		for n := range 8 {
			group.Go(func() {
				if err := read(n); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if took := time.Since(began); took < 15*time.Second || took > time.Minute || r.requests() != 12 {
			t.Errorf("%d requests in %s", r.requests(), took)
		}
		r.sim.Script(simulator.Fault{Answer: simulator.Empty(http.StatusTooManyRequests), Times: 1})
		began = time.Now()
		if err := read(0); err != nil || time.Since(began) > 5*time.Second {
			t.Errorf("a new row of refusals began with %s: %v", time.Since(began), err)
		}
	})
}

// One thing that is always refused so keeps nobody from the others: its request gives up.
func TestOneThingIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, read := refusedReader(t, simulator.Empty(http.StatusTooManyRequests), 0)
		if err := read(0); err == nil || errors.Is(err, model.ErrBudgetSpent) {
			t.Errorf("%v after %d requests", err, r.requests())
		}
		r.sim.Script()
		if err := read(1); err != nil {
			t.Error(err)
		}
	})
}

// A refusal that tells when its window ends is waited for, and no longer.
func TestRefusalWithTheEndOfItsWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := simulator.Reply(http.StatusTooManyRequests, http.Header{"Ratelimit": {`"default";r=0;t=30`}}, "")
		r, read := refusedReader(t, ended, 1)
		began := time.Now()
		if err := read(0); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < 30*time.Second || took > 35*time.Second || r.requests() != 2 {
			t.Errorf("%d requests in %s", r.requests(), took)
		}
	})
}
