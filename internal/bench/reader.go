package main

import (
	"context"
	"errors"
)

// biSQL asks what a dashboard asks: attendance over the whole history.
const biSQL = `SELECT count(*) FROM (
	SELECT date_trunc('day', s.started_at, 'UTC'), p.preset_name, count(DISTINCT p.user_id), sum(p.duration_minutes), count(e.event_id)
	FROM realtimekit.sessions AS s JOIN realtimekit.participants AS p USING (session_id)
	JOIN realtimekit.peer_events AS e USING (session_id, participant_id)
	GROUP BY 1, 2) AS days`

// reader asks the same query over and over.
type reader struct {
	cancel context.CancelFunc
	done   chan struct{}
	answer readerResult
}

type readerResult struct {
	queries int
	err     error
}

// startReader begins to ask, if that is wanted at all.
func (b *bench) startReader(ctx context.Context, w *warehouse) *reader {
	ctx, cancel := context.WithCancel(ctx)
	r := &reader{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		for b.reader && r.answer.err == nil {
			var days int
			r.answer.err = w.QueryRow(ctx, biSQL).Scan(&days)
			if r.answer.err == nil {
				r.answer.queries++
			}
		}
		if errors.Is(r.answer.err, context.Canceled) {
			r.answer.err = nil
		}
	}()
	return r
}

func (r *reader) stop() readerResult {
	r.cancel()
	<-r.done
	return r.answer
}
