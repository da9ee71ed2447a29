package warehouse

import (
	"context"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/usage"
)

const (
	// worthBeside is from how many people of sessions on they are read on a second
	// connection, while the first one writes.
	worthBeside = 1000
	// soon bounds how long that connection, and locks on it, are waited for. Who holds them
	// may wait for the first one, which the server cannot know to wait for the second.
	soon          = time.Second
	noLongWaitSQL = `SET LOCAL lock_timeout = '500ms'`
)

// readAhead begins to read who was inside, on a second connection. It gives nil where few
// people are to be read, or the connection cannot be had soon: then the first one reads too.
func (c *firstCount) readAhead(ctx context.Context, who *people, ready chan *usage.Counter) (shared iter.Seq2[[]usage.SharedPerson, error], end func()) {
	tx := c.beside(ctx, who)
	if tx == nil {
		return nil, func() {}
	}
	shared, stop := ahead(who.fetch(ctx, tx, ready))
	return shared, func() {
		close(ready) // it may still wait for the counter
		stop()
		release(ctx, tx)
	}
}

// beside opens the cursor on a second connection, or gives nil.
func (c *firstCount) beside(ctx context.Context, who *people) pgx.Tx {
	people := 0
	for _, s := range c.sessions {
		people += s.people
	}
	if people < worthBeside {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	tx, err := c.other(ctx)
	if err != nil {
		return nil
	}
	if _, err = tx.Exec(ctx, noLongWaitSQL); err == nil {
		err = who.declare(ctx, tx)
	}
	if err != nil {
		release(ctx, tx)
		return nil
	}
	return tx
}

// release ends a transaction that only read.
func release(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), soon)
	defer cancel()
	_ = tx.Rollback(ctx) // a connection that does not answer is closed
}

// ahead runs a sequence beside whoever takes its parts, at most one of them ahead, from now
// on until end, which waits for it.
func ahead[V any](all iter.Seq2[V, error]) (parts iter.Seq2[V, error], end func()) {
	type part struct {
		value V
		err   error
	}
	ready, enough := make(chan part), make(chan struct{})
	go func() {
		defer close(ready)
		for value, err := range all {
			select {
			case ready <- part{value, err}:
			case <-enough:
				return
			}
		}
	}()
	parts = func(yield func(V, error) bool) {
		for p := range ready {
			if !yield(p.value, p.err) {
				return
			}
		}
	}
	return parts, func() {
		close(enough)
		for range ready {
		}
	}
}
