package simulator_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

func TestQuota(t *testing.T) {
	t.Parallel()
	clock := now
	d, _ := bulk(1)
	c := serve(t, d, simulator.Options{
		Quota: simulator.Quota{Calls: 5, Window: time.Minute, Block: 90 * time.Second},
		Now:   func() time.Time { return clock },
	})
	ask := func(status int, limit, retry string) {
		t.Helper()
		o := c.get("/apps")
		h := o.header
		if o.err != nil || o.status != status || h.Get("Ratelimit") != limit || h.Get("Retry-After") != retry ||
			h.Get("Ratelimit-Policy") != `"default";q=5;w=60` {
			t.Errorf("status %d, headers %v, %v: %s", o.status, h, o.err, o.body)
		}
	}
	ask(200, `"default";r=4;t=60`, "")
	clock = clock.Add(20500 * time.Millisecond)
	c.sim.Spend(2)
	ask(200, `"default";r=1;t=40`, "")
	ask(200, `"default";r=0;t=40`, "")
	ask(429, `"default";r=0;t=90`, "90")
	clock = clock.Add(89 * time.Second)
	ask(429, `"default";r=0;t=1`, "1")
	if st := c.sim.Stats(); st.RefusedByQuota != 2 || st.ByStatus[429] != 2 {
		t.Errorf("%+v", st)
	}
	clock = clock.Add(time.Second)
	ask(200, `"default";r=4;t=60`, "")
	clock = clock.Add(time.Minute)
	ask(200, `"default";r=4;t=60`, "")
	c.sim.Spend(5)
	ask(429, `"default";r=0;t=90`, "90")
}

func TestNoQuotaNoHeaders(t *testing.T) {
	t.Parallel()
	d, _ := bulk(1)
	o := serve(t, d, simulator.Options{}).get("/apps")
	if o.status != http.StatusOK || o.header.Get("Ratelimit") != "" || o.header.Get("Ratelimit-Policy") != "" {
		t.Errorf("status %d, headers %v", o.status, o.header)
	}
}
