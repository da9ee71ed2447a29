package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
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

// gather lists the sessions of a chunk and joins them with the stored ones.
func (a *appVerification) gather(ctx context.Context, from, to time.Time) (all []candidate, listed int, err error) {
	byID := make(map[model.UUID]*candidate)
	var order []*candidate
	aside := make(map[string]model.Rejected)
	listFrom := from
	if !from.IsZero() {
		listFrom = from.Add(-listMargin)
	}
	pass, err := twice(func() (model.Pass, error) {
		return a.source.Sessions(ctx, a.appID, listFrom, earlier(to.Add(listMargin), a.clocks.latest(a.run.StartedAt)), func(page model.SessionPage) error {
			for i := range page.Rejected {
				aside[page.Rejected[i].Key] = page.Rejected[i]
			}
			for i := range page.Sessions {
				if s := &page.Sessions[i]; byID[s.ID] == nil && isCreatedIn(s, from, to) {
					c := &candidate{id: s.ID, listed: s}
					byID[s.ID], order = c, append(order, c)
				}
			}
			return nil
		})
	})
	if errors.Is(err, model.ErrNotFound) && len(a.cfg.AppIDs) == 0 {
		if empty, lookErr := isWithoutSessions(ctx, a.source, a.stores.Inventory, a.logger, a.appID); lookErr != nil || empty {
			return nil, 0, lookErr
		}
	}
	if errors.Is(err, model.ErrNotFound) {
		err = fmt.Errorf("%w; check REALTIMEKIT_APP_IDS and CLOUDFLARE_ACCOUNT_ID", err)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("app %s: list the sessions: %w", a.appID, err)
	}
	listed = len(order)
	if doubt := pass.Doubt(); doubt != "" {
		a.unsound(ctx, Difference{AppID: a.appID, Findings: []Finding{{FoundList, fmt.Sprintf(
			"the list of the sessions created from %s to %s does not add up: %s", openTime(from), to.UTC().Format(time.RFC3339), doubt)}}})
	}
	a.setAside(ctx, aside)
	if order, err = a.join(ctx, from, to, order, aside); err != nil {
		return nil, 0, err
	}
	for _, c := range order {
		all = append(all, *c)
	}
	slices.SortStableFunc(all, func(x, y candidate) int {
		return cmp.Or(x.at().Compare(y.at()), slices.Compare(x.id[:], y.id[:]))
	})
	return all, listed, nil
}

// join gives each candidate what the warehouse holds of it, and adds those that
// only the warehouse has.
func (a *appVerification) join(ctx context.Context, from, to time.Time, order []*candidate, aside map[string]model.Rejected) ([]*candidate, error) {
	byID := make(map[model.UUID]*candidate, len(order))
	ids := make([]model.UUID, 0, len(order))
	for _, c := range order {
		byID[c.id], ids = c, append(ids, c.id)
	}
	held, err := a.stores.Verifier.Holdings(ctx, a.appID, ids, from, to)
	if err != nil {
		return nil, err
	}
	for i := range held {
		h := &held[i]
		c := byID[h.Session.ID]
		if c == nil {
			if _, rejected := aside[h.Session.ID.String()]; rejected {
				continue // told already
			}
			c = &candidate{id: h.Session.ID}
			byID[c.id], order = c, append(order, c)
		}
		c.held = h
	}
	return order, nil
}

func openTime(t time.Time) string {
	if t.IsZero() {
		return "the start"
	}
	return t.UTC().Format(time.RFC3339)
}

// setAside notes session records of the list that cannot be used. Chunks overlap
// in what they list, so one is told once.
func (a *appVerification) setAside(ctx context.Context, rejected map[string]model.Rejected) {
	for _, key := range slices.Sorted(maps.Keys(rejected)) {
		if a.aside[key] {
			continue
		}
		a.aside[key] = true
		d := Difference{AppID: a.appID, Key: key, Findings: []Finding{{FoundSetAside, rejected[key].Reason}}}
		if id, err := model.ParseUUID(key); err == nil {
			d.SessionID = id
		}
		a.differ(ctx, d)
	}
}
