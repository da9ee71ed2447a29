package simulator

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// meter counts calls against a quota.
type meter struct {
	quota Quota
	now   func() time.Time

	mu      sync.Mutex
	opened  time.Time // start of the current window; zero before the first call
	spent   int
	blocked time.Time // everything is refused until then
}

func newMeter(q Quota, now func() time.Time) *meter {
	if q.Window <= 0 {
		q.Window = 5 * time.Minute
	}
	if q.Block <= 0 {
		q.Block = 5 * time.Minute
	}
	return &meter{quota: q, now: now}
}

// verdict is what the quota says about a call.
type verdict struct {
	counted bool // there is a quota
	refused bool
	left    int           // calls left in the window
	reset   time.Duration // until the window, or the block, ends
	quota   Quota
}

// take spends n calls. The first call above the quota starts the block; calls
// refused during the block do not prolong it.
func (m *meter) take(n int) verdict {
	if m.quota.Calls <= 0 {
		return verdict{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if now.Before(m.blocked) {
		return verdict{counted: true, refused: true, reset: m.blocked.Sub(now), quota: m.quota}
	}
	if !m.blocked.IsZero() || now.Sub(m.opened) >= m.quota.Window {
		m.opened, m.spent, m.blocked = now, 0, time.Time{}
	}
	m.spent += n
	if m.spent > m.quota.Calls {
		m.blocked = now.Add(m.quota.Block)
		return verdict{counted: true, refused: true, reset: m.quota.Block, quota: m.quota}
	}
	return verdict{
		counted: true,
		left:    m.quota.Calls - m.spent,
		reset:   m.opened.Add(m.quota.Window).Sub(now),
		quota:   m.quota,
	}
}

// headers sets the documented headers; times are whole seconds, rounded up.
func (v verdict) headers(h http.Header) {
	if !v.counted {
		return
	}
	h.Set("Ratelimit", fmt.Sprintf(`"default";r=%d;t=%d`, v.left, seconds(v.reset)))
	h.Set("Ratelimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, v.quota.Calls, seconds(v.quota.Window)))
	if v.refused {
		h.Set("Retry-After", strconv.Itoa(seconds(v.reset)))
	}
}

func (m *meter) refusal() *apiError {
	const format = "More than %d requests per %d seconds reached. Please wait and consider throttling your request speed"
	return denied(http.StatusTooManyRequests, fmt.Sprintf(format, m.quota.Calls, seconds(m.quota.Window)))
}

func seconds(d time.Duration) int { return max(int((d+time.Second-1)/time.Second), 1) }
