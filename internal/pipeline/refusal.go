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

// refusals counts the things that the API refused alike, one after the other: sessions,
// apps, meetings, peers or livestreams. A thing that the API answers begins the count
// anew; a failure of another kind does not, since it says nothing of the token. Safe for
// use by several goroutines.
type refusals struct {
	things string // what is counted, in the plural: for the error

	mu    sync.Mutex
	kind  string // of the refusals that are counted; empty for none
	count int
}

// answered begins the count anew.
func (r *refusals) answered() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kind, r.count = "", 0
}

// judge counts how the reading of one more thing ended; a nil reason is an answer. It
// gives an error that is model.ErrDenied once sameRefusals things were refused alike, else
// nil. failedBefore says that an earlier run failed at the same thing. Its refusal tells
// nothing new about the token and does not count: else a handful of sessions that are
// refused for good would keep all after them from being read.
func (r *refusals) judge(reason error, failedBefore bool) error {
	if reason == nil {
		r.answered()
		return nil
	}
	if failedBefore || !errors.Is(reason, model.ErrRefused) {
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

// deniedError says that so many things in a row were refused that the token is to blame.
type deniedError struct {
	last error
	text string
}

// IsRefusedInARow tells whether an error is model.ErrDenied only because several things were
// refused one after the other: the token itself was not.
func IsRefusedInARow(err error) bool { return errors.As(err, new(*deniedError)) }

func (e *deniedError) Error() string        { return e.text }
func (e *deniedError) Unwrap() error        { return e.last }
func (e *deniedError) Is(target error) bool { return target == model.ErrDenied }
