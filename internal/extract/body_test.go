package extract

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// largeRig has a session whose answer is large, and somebody has the place of
// such a one.
func largeRig(t *testing.T) rig {
	t.Helper()
	data := bulk(1)
	data.Apps[0].Sessions[0].Participants[0].Extra = simulator.Extra{"display_name": json.RawMessage(`"` + strings.Repeat("x", largeBody) + `"`)}
	r := newRig(t, data, simulator.Options{}, func(c *Config) { c.MaxBody, c.RetryFor = 2*largeBody, 0 })
	r.large <- struct{}{}
	return r
}

// Large answers wait for each other, and waiting is no silence of the server's.
func TestLargeBodiesAreTakenInOneByOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := largeRig(t)
		var waited time.Duration
		began := time.Now()
		go func() {
			time.Sleep(100 * r.cfg.Timeout)
			waited = time.Since(began)
			<-r.large
		}()
		got, err := r.participants(t.Context())
		if err != nil || len(got.participants) != 1 || len(got.participants[0].DisplayName) != largeBody {
			t.Fatalf("%d participants, %v", len(got.participants), err)
		}
		if waited == 0 || r.requests() != 1 {
			t.Errorf("waited %s for the place, sent %d requests", waited, r.requests())
		}
		select {
		case r.large <- struct{}{}:
		default:
			t.Error("the place is not given back")
		}
	})
}

// Small answers do not wait, and who waits can be stopped.
func TestOnlyLargeBodiesWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := largeRig(t)
		if _, err := r.Session(t.Context(), r.data.Apps[0].ID, id(t, r.data.Apps[0].Sessions[0].ID)); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Hour, cancel)
		if _, err := r.participants(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a wait that was cancelled ends with %v", err)
		}
	})
}
