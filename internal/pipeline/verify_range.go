package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// app compares the sessions of an app chunk by chunk, from the checkpoint that an
// earlier verification of the same range left.
func (v *verification) app(ctx context.Context, appID string) error {
	covered, err := v.stores.Verifier.Coverage(ctx, appID)
	if err != nil {
		return err
	}
	checkpoint, err := v.stores.Verifier.VerifyCheckpoint(ctx, v.run, appID, v.span())
	if err != nil {
		return err
	}
	a := &appVerification{
		verification: v, appID: appID, covered: covered,
		differing: make(map[model.UUID]bool), aside: make(map[string]bool),
	}
	if checkpoint.At.After(a.clocks.earliest(a.run.StartedAt)) {
		v.logger.WarnContext(ctx, "the checkpoint lies in the future; the range is begun anew",
			"app_id", appID, "checkpoint", checkpoint.At)
		checkpoint = model.VerifyCheckpoint{}
	}
	if !checkpoint.At.IsZero() {
		v.logger.InfoContext(ctx, "verification goes on from its checkpoint", "app_id", appID, "checkpoint", checkpoint.At)
		v.result.Resumed = true
		v.result.Compared += checkpoint.Compared
		a.reached = checkpoint
		if err := a.again(ctx); err != nil {
			return err
		}
	}
	return a.chunks(ctx)
}

// appVerification is the part of one app.
type appVerification struct {
	*verification
	appID   string
	covered model.Coverage
	// reached is the last checkpoint; its differing sessions are in differing.
	reached   model.VerifyCheckpoint
	differing map[model.UUID]bool
	aside     map[string]bool // keys of session records that cannot be used
}

// again compares the sessions that differed before the checkpoint: they may have
// been mended since. One that could not be asked stays among them.
func (a *appVerification) again(ctx context.Context) error {
	for _, id := range a.reached.Differing {
		a.differing[id] = true
	}
	for _, id := range a.reached.Differing {
		a.count(-1) // it was counted before
		if err := a.byID(ctx, id); err != nil {
			a.count(1)
			return errors.Join(err, a.save(ctx))
		}
	}
	return nil
}

// byID compares one session that no list showed.
func (a *appVerification) byID(ctx context.Context, id model.UUID) error {
	none := a.run.StartedAt // an empty range: only the session itself
	held, err := a.stores.Verifier.Holdings(ctx, a.appID, []model.UUID{id}, none, none)
	if err != nil {
		return err
	}
	c := candidate{id: id}
	if len(held) > 0 {
		c.held = &held[0]
	}
	return a.compare(ctx, c)
}

// chunks visits what is left of the range. Its first chunk reaches to the oldest
// session of the warehouse where the range is open at the start.
func (a *appVerification) chunks(ctx context.Context) error {
	from, end := a.plan.From, a.end()
	if !a.reached.At.IsZero() {
		from = a.reached.At
	}
	first, err := a.stores.Inventory.FirstSession(ctx, a.appID)
	if err != nil {
		return err
	}
	if first.IsZero() {
		first = end
	}
	began := from
	if began.IsZero() {
		began = first
	}
	for size := firstChunk; from.Before(end); {
		to := earlier(from.Add(size), end)
		if from.IsZero() {
			to = earlier(first.Add(size), end)
		}
		count, err := a.chunk(ctx, from, to)
		if err != nil {
			return err
		}
		a.progress.chunk(ctx, share(began, end, to))
		size, from = nextChunk(size, count), to
	}
	return ctx.Err()
}

// end gives the end of the range. No list reaches behind the start, so that
// sessions that begin meanwhile do not shift its pages.
func (v *verification) end() time.Time {
	if end := v.clocks.latest(v.run.StartedAt); v.plan.To.IsZero() || v.plan.To.After(end) {
		return end
	}
	return v.plan.To
}

// saveEvery is after how many sessions the checkpoint is saved within a chunk.
const saveEvery = 50

// chunk compares the sessions created in [from, to), in their order; a zero from
// means open. It gives how many the API listed.
func (a *appVerification) chunk(ctx context.Context, from, to time.Time) (listed int, err error) {
	all, listed, err := a.gather(ctx, from, to)
	if err != nil {
		return listed, err
	}
	for i := range all {
		if err := a.compare(ctx, all[i]); err != nil {
			return listed, errors.Join(err, a.saveAt(ctx, all[i].at()))
		}
		a.progress.compared()
		if i%saveEvery == saveEvery-1 && i+1 < len(all) {
			if err := a.saveAt(ctx, all[i+1].at()); err != nil {
				return listed, err
			}
		}
	}
	return listed, a.saveAt(ctx, to)
}

// saveAt moves the checkpoint on, unless a list could not be trusted: the same
// command then asks for it again. A session without a time moves nothing.
func (a *appVerification) saveAt(ctx context.Context, at time.Time) error {
	if past := a.clocks.earliest(a.run.StartedAt); at.After(past) {
		at = past
	}
	if !a.sound || !at.After(a.reached.At) {
		return nil
	}
	a.reached.At = at
	return a.save(ctx)
}

func (a *appVerification) save(ctx context.Context) error {
	if a.reached.At.IsZero() {
		return nil
	}
	a.reached.Differing = a.reached.Differing[:0]
	for id := range a.differing {
		a.reached.Differing = append(a.reached.Differing, id)
	}
	slices.SortFunc(a.reached.Differing, func(x, y model.UUID) int { return slices.Compare(x[:], y[:]) })
	return a.stores.Verifier.SaveVerifyCheckpoint(ctx, a.run, a.appID, a.span(), a.reached)
}
