package model

import "time"

// Books are what the ledger and the states tell of an account at one moment, for
// whoever watches Rollcall.
type Books struct {
	At       time.Time // by the database's clock
	Runs     []LastRun // one a kind of run
	Apps     []AppOverview
	Sessions SessionCounts
	Waiting  int64 // sessions that failed or did not add up and wait for another try
	Rejected []RejectedOverview
}

// LastRun tells how the runs of a kind went. Times are nil where there is none.
type LastRun struct {
	Kind       string
	Status     string // of the newest run
	StartedAt  time.Time
	FinishedAt *time.Time
	// CompletedAt is when a run last came to its end, with or without something
	// left out; SucceededAt when one last left nothing out.
	CompletedAt *time.Time
	SucceededAt *time.Time
}
