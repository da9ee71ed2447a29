package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// named compares the sessions that a verification names, in whichever app they
// are. It needs no checkpoint.
func (v *verification) named(ctx context.Context, apps []string) error {
	if v.plan.OfMany {
		var err error
		if v.plan.Sessions, err = leaveOthers(ctx, v.stores.Inventory, v.run.AccountID, v.plan.Sessions); err != nil {
			return err
		}
	}
	v.progress.sessions(len(v.plan.Sessions))
	var missing []model.UUID
	var unanswered error
	for _, id := range v.plan.Sessions {
		found, err := v.namedSession(ctx, apps, id)
		switch {
		case err != nil && endsRun(ctx, err):
			return errors.Join(unanswered, err)
		case err != nil: // it keeps no other session from being compared
			unanswered = errors.Join(unanswered, err)
		case !found:
			missing = append(missing, id)
		}
		v.progress.named()
	}
	if len(missing) == 0 {
		return unanswered
	}
	return errors.Join(unanswered, fmt.Errorf("%s: %w in %s, nor in the warehouse; check the ids, REALTIMEKIT_APP_IDS and CLOUDFLARE_ACCOUNT_ID",
		listed(missing), model.ErrNotFound, anyOf(apps)))
}

// namedSession compares a session in the app that the warehouse knows, else in
// each.
func (v *verification) namedSession(ctx context.Context, apps []string, id model.UUID) (found bool, err error) {
	if err := ofAnother(ctx, v.stores.Inventory, v.run.AccountID, id); err != nil {
		return false, err
	}
	none := v.run.StartedAt
	held, err := v.stores.Verifier.Holdings(ctx, "", []model.UUID{id}, none, none)
	if err != nil {
		return false, err
	}
	c := candidate{id: id}
	if len(held) > 0 {
		c.held, apps = &held[0], []string{held[0].Session.AppID}
	}
	var unanswered error // one app that fails keeps none after it from being asked
	for _, appID := range apps {
		if c.held == nil {
			session, err := v.source.Session(ctx, appID, id)
			if err != nil {
				err = fmt.Errorf("session %s: %w", id, err)
			}
			switch {
			case errors.Is(err, model.ErrNotFound):
				continue
			case err != nil && endsRun(ctx, err):
				return false, err
			case err != nil:
				unanswered = appError{err}
				continue
			}
			c.listed = &session
		}
		covered, err := v.stores.Verifier.Coverage(ctx, appID)
		if err != nil {
			return false, err
		}
		a := &appVerification{verification: v, appID: appID, covered: covered, differing: make(map[model.UUID]bool)}
		return true, a.compare(ctx, c)
	}
	if unanswered == nil {
		return false, nil
	}
	return false, cmp.Or(v.sessionRefusals.judge(unanswered, false), unanswered)
}
