package pipeline

import (
	"context"
	"log/slog"
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
	Left     time.Duration // estimated, 0 while nothing can be said
}

// progress adds up what a run of any kind has done and tells it. A nil one tells nobody.
type progress struct {
	kind   string // of run
	tell   func(Progress)
	logger *slog.Logger
	now    func() time.Time
	began  time.Time

	mu          sync.Mutex
	done, parts int     // parts of equal weight: apps, or sessions that were named
	first       float64 // share at which this run began
	started     bool
	logged      time.Time
	last        Progress
}

// part begins another one, after so many of all.
func (p *progress) part(done, parts int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.parts = done, parts
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
	if p.kind == model.KindVerify {
		p.logger.InfoContext(ctx, "verify progress", "percent", int(100*p.last.Share), "sessions_compared", p.last.Sessions,
			"seconds", p.last.Took.Seconds(), "seconds_left", p.last.Left.Seconds())
		return
	}
	p.logger.InfoContext(ctx, "backfill progress", "percent", int(100*p.last.Share), "sessions_read", p.last.Sessions,
		"rows_read", p.last.Rows, "seconds", p.last.Took.Seconds(), "seconds_left", p.last.Left.Seconds())
}

// reach moves on; sessions are read several at once, so an earlier one may come
// later.
func (p *progress) reach(share float64) {
	share = (float64(p.done) + share) / float64(max(p.parts, 1))
	if !p.started {
		p.started, p.first = true, share // a resumed backfill: the rate is that of this run
	}
	p.last.Share = max(p.last.Share, min(share, 1))
	p.report()
}

func (p *progress) report() {
	p.last.Took = p.now().Sub(p.began)
	if gained := p.last.Share - p.first; gained > 0 {
		p.last.Left = time.Duration(float64(p.last.Took) * (1 - p.last.Share) / gained)
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
