package pipeline

import (
	"errors"
	"fmt"
	"sync"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// sameRefusals is how many different things in a row the API must refuse alike for
// it to be the token's or the account's, and not theirs. One or two meetings that
// the vendor has withdrawn do not reach it; a token that has lost its permission
// costs five requests.
const sameRefusals = 5

// refusal is an error of a source that tells one kind of refusal from another, and
// what was said without the advice on the one thing.
type refusal interface {
	error
	Refusal() (kind, said string)
}

// row counts refusals of one kind in a row: those of sessions, of apps, of meetings
// or of peers. What answers ends the row; a failure of another kind, which says
// nothing of the token, does not. Safe for use by several goroutines.
type row struct {
	things string // in the plural

	mu    sync.Mutex
	kind  string
	count int
}

// answered ends the row.
func (r *row) answered() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kind, r.count = "", 0
}

// judge counts how the reading of one more thing ended. Where the row is long enough
// it gives an error that is model.ErrDenied, else nil. A thing that had failed before
// tells nothing new about the token: known is true and it does not count. Without
// that, a handful of sessions that are refused for good would keep all after them
// from being read.
func (r *row) judge(reason error, known bool) error {
	if reason == nil {
		r.answered()
		return nil
	}
	if known || !errors.Is(reason, model.ErrRefused) {
		return nil
	}
	kind, said := "", reason.Error()
	if told, ok := errors.AsType[refusal](reason); ok {
		kind, said = told.Refusal()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if kind != r.kind {
		r.kind, r.count = kind, 0
	}
	if r.count++; r.count < sameRefusals {
		return nil
	}
	return &deniedError{reason, fmt.Sprintf(
		"%d %s in a row were refused alike, the last with %q; check that CLOUDFLARE_API_TOKEN is valid and has the Realtime permission for CLOUDFLARE_ACCOUNT_ID",
		r.count, r.things, said)}
}

// deniedError is a row of refusals that is taken for the token's.
type deniedError struct {
	last error
	text string
}

func (e *deniedError) Error() string        { return e.text }
func (e *deniedError) Unwrap() error        { return e.last }
func (e *deniedError) Is(target error) bool { return target == model.ErrDenied }
