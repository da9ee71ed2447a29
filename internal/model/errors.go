package model

import (
	"errors"
	"time"
)

// Sentinels by which pipeline decides what an error of the source or the store
// means for the run. Ask with errors.Is; the wrapping error says what happened
// and what to do.
var (
	// ErrRefused: the API refuses what was asked for, and would again. It concerns
	// that one session, app or meeting, unless it is ErrDenied too.
	ErrRefused = errors.New("the API refused the request")
	// ErrDenied: the API refuses the token, the account or this machine, whatever is
	// asked for. Nothing further is asked of it. Also ErrRefused.
	ErrDenied = errors.New("the API refuses the token or the account")
	// ErrNotFound: the API does not know this app or session.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable: the account or the token lacks this part of the API. Also
	// one of the two above.
	ErrUnavailable = errors.New("not available to this account or token")
	// ErrBadRequest: the API finds the request malformed. Also ErrRefused.
	ErrBadRequest = errors.New("the API finds the request malformed")
	// ErrUncertain: a change may have been made though the answer does not say so.
	ErrUncertain = errors.New("it is not certain whether the API made the change")
	// ErrBudgetSpent: going on would mean waiting longer than allowed for the
	// shared request budget. Nothing is wrong; a later run continues.
	ErrBudgetSpent = errors.New("the request budget is spent")
	// ErrLocked: another run holds the lock.
	ErrLocked = errors.New("another run holds the lock")
	// ErrSchema: the database schema is not the one this program was built for.
	ErrSchema = errors.New("unsuitable database schema")
	// ErrUsage: the configuration or the command line is wrong.
	ErrUsage = errors.New("wrong usage")
	// ErrStore: the database failed; the session in hand was rolled back.
	ErrStore = errors.New("the database failed")
)

// RejectedError reports that the only record of an answer could not be used. The
// record itself is kept, to be set aside.
type RejectedError struct{ Record Rejected }

func (e *RejectedError) Error() string {
	return e.Record.Entity + " " + e.Record.Key + " was set aside: " + e.Record.Reason
}

// BudgetError is an ErrBudgetSpent that tells how long the wait would be.
type BudgetError struct {
	Wait time.Duration
	Text string
}

// Error implements error.
func (e *BudgetError) Error() string { return ErrBudgetSpent.Error() + ": " + e.Text }

// Unwrap gives ErrBudgetSpent.
func (*BudgetError) Unwrap() error { return ErrBudgetSpent }
