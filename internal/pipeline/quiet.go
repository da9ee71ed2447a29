package pipeline

import (
	"context"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// quietFor is how long a part is left alone while no session of the app changes: what it
// tells is of sessions.
const quietFor = 6 * time.Hour

// isQuiet reports whether a part was read in the last hours, and no session of the app
// since. What this run has read does not tell: one before may have been killed between
// its sessions and this. A part whose rows went missing was never read (ReadAt), though it
// was asked for.
func (w optionalWork) isQuiet(ctx context.Context, appID string, state *model.EndpointState, read, now time.Time) (bool, error) {
	if state.Failure == "" && w.isUnheard(state) {
		return true, nil
	}
	if state.Failure != "" || now.Sub(read) >= quietFor {
		return false, nil
	}
	changed, err := w.stores.Optional.SessionsReadSince(ctx, appID, state.AskedAt)
	return !changed, err
}

// isUnheard reports whether nothing can be new since a part was last asked for: webhooks of
// the app arrive, and none came in that time. A quiet app then costs no request.
func (w optionalWork) isUnheard(state *model.EndpointState) bool {
	return !w.unheard.IsZero() && state.AskedAt.After(w.unheard.Add(quietFor))
}
