package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Progress tells how far a run has come.
type Progress struct {
	Share    float64 // of the range, over all apps, that was dealt with: 0 to 1
	Sessions int     // read, or compared, so far
	Rows     int     // read so far: sessions, participants and events
	Took     time.Duration
	// Left is an estimate, 0 while nothing can be said: before the first session, and in
	// any app but the last, since nobody knows how much the next ones hold.
	Left time.Duration
}

// progress adds up what a run of any kind has done and tells it. A nil one tells nobody.
type progress struct {
	kind   string // of run
	tell   func(Progress)
	logger *slog.Logger
	now    func() time.Time
	began  time.Time

	mu          sync.Mutex
	done, parts int  // apps, or sessions that were named
	alike       bool // the parts: named sessions are, apps are not
	busy        bool // a session of this part was dealt with
	// since is where the rate is measured from: an empty year before the first session
	// says nothing about the year after it.
	since struct {
		at    time.Time
		share float64
	}
	logged time.Time
	last   Progress
}

// app begins another one, after so many of all.
func (p *progress) app(done, apps int) { p.begin(done, apps, false) }

// sessions begins the reading of so many that were named.
func (p *progress) sessions(all int) { p.begin(0, all, true) }

func (p *progress) begin(done, parts int, alike bool) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.parts, p.alike, p.busy = done, parts, alike, false
	p.since.at = time.Time{}
}

// stored counts a session.
func (p *progress) stored(counts model.RowCounts) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last.Sessions++
	p.last.Rows += counts.Read
	p.busy = true
	p.report()
}

// compared counts a session of a verification.
func (p *progress) compared() { p.stored(model.RowCounts{}) }

// named ends the part of one named session.
func (p *progress) named() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.reach(0)
}

// reached notes how much of the present part is done.
func (p *progress) reached(share float64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reach(share)
}

// logEvery is how far apart lines of progress in the log are at least.
const logEvery = 15 * time.Second

// chunk notes the same at the end of a chunk, and leaves a line in the log now
// and then.
func (p *progress) chunk(ctx context.Context, share float64) {
	if p == nil {
		return
	}
	p.reached(share)
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.now(); now.Sub(p.logged) >= logEvery {
		p.logged = now
	} else {
		return
	}
	percent := math.Round(1000*p.last.Share) / 10
	attributes := []any{"percent", percent, "seconds", p.last.Took.Seconds()}
	if !p.alike && p.parts > 1 {
		attributes = append(attributes, "app", fmt.Sprintf("%d of %d", p.done+1, p.parts))
	}
	if p.last.Left > 0 {
		attributes = append(attributes, "seconds_left", math.Round(p.last.Left.Seconds()))
	}
	if p.kind == model.KindVerify {
		p.logger.InfoContext(ctx, "verify progress", append(attributes, "sessions_compared", p.last.Sessions)...)
		return
	}
	p.logger.InfoContext(ctx, "backfill progress", append(attributes, "sessions_read", p.last.Sessions, "rows_read", p.last.Rows)...)
}

// reach moves on; sessions are read several at once, so an earlier one may come
// later.
func (p *progress) reach(share float64) {
	share = (float64(p.done) + share) / float64(max(p.parts, 1))
	p.last.Share = max(p.last.Share, min(share, 1))
	if !p.busy || p.since.at.IsZero() {
		p.since.at, p.since.share = p.now(), p.last.Share
	}
	p.report()
}

func (p *progress) report() {
	p.last.Took, p.last.Left = p.now().Sub(p.began), 0
	gained := p.last.Share - p.since.share
	if last := p.done >= p.parts-1; gained > 0 && p.busy && (p.alike || last) {
		p.last.Left = time.Duration(float64(p.now().Sub(p.since.at)) * (1 - p.last.Share) / gained)
	}
	if p.tell != nil {
		p.tell(p.last)
	}
}

// advance notes that a listed session was dealt with: lists are in the order of
// creation, so what lies before it mostly is too. A run without a watermark has no
// start, and tells no share.
func (d *discovery) advance(s *model.Session) {
	from, to := d.plan.From, d.end()
	if d.plan.Kind == model.KindRun {
		from, to = d.listFrom, d.listTo
	}
	if d.progress != nil && !s.CreatedAt.IsZero() && !from.IsZero() {
		d.progress.reached(share(from, to, s.CreatedAt))
	}
}
