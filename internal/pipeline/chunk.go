package pipeline

import (
	"context"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Chunk is where a backfill stands that workers do, one chunk after the other.
type Chunk struct {
	From, To time.Time // of the range: sessions created in [From, To); a zero To means open
	Full     bool      // sessions are read again that are complete and unchanged
	At       time.Time // where the next chunk begins; zero for where the checkpoint is
	Size     time.Duration
	Unsound  bool // a list did not add up: the checkpoint stays before it
	// Checkpoint is to be saved with what goes on from it; zero for none.
	Checkpoint time.Time
}

// queued lists one chunk and gives the next. isOver tells that the range has come to its end.
func (w backfillWork) queued(ctx context.Context, appID string, c Chunk) (next Chunk, isOver bool, err error) {
	if c.Size <= 0 {
		c.Size = firstChunk
	}
	if c.At.IsZero() {
		if c.At, err = w.start(ctx, appID); err != nil {
			return c, false, err
		}
	}
	if !c.At.Before(w.end()) {
		return c, true, nil
	}
	d := w.chunk(appID, c.At, c.Size)
	if err := w.discover(ctx, d); err != nil {
		return c, false, err
	}
	c.At, c.Size, c.Unsound = d.to, nextChunk(c.Size, d.count), c.Unsound || d.problem != ""
	if !c.Unsound {
		c.Checkpoint = earlier(d.to, w.pastSince())
	}
	// A range without an end ends now: the next list would show a moment more.
	return c, !d.to.Before(w.end()), nil
}

// handAll hands sessions on to be read in full. It unsettles them first, or whoever comes to
// them would leave the settled ones alone.
func (w backfillWork) handAll(ctx context.Context, due []model.DueSession, hand func(ctx context.Context, due []model.DueSession) error) error {
	ids := make([]model.UUID, len(due))
	for i := range due {
		ids[i], due[i].IsSame = due[i].ID, false
	}
	if err := w.stores.Ledger.Unsettle(ctx, ids); err != nil {
		return err
	}
	return hand(ctx, due)
}
