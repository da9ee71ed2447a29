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
	if err != nil {
		return nil, 0, a.unlisted(ctx, err)
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

// unlisted gives the error of a list that was not given; none where the API answers so for an
// app that it lists and that has no sessions.
func (a *appVerification) unlisted(ctx context.Context, reason error) error {
	if errors.Is(reason, model.ErrNotFound) {
		if len(a.cfg.AppIDs) == 0 {
			if empty, err := isWithoutSessions(ctx, a.source, a.stores.Inventory, a.logger, a.appID); err != nil || empty {
				return err
			}
		}
		reason = fmt.Errorf("%w; check REALTIMEKIT_APP_IDS and CLOUDFLARE_ACCOUNT_ID", reason)
	}
	return fmt.Errorf("app %s: list the sessions: %w", a.appID, reason)
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
