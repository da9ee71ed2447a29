package model

import "time"

const (
	// LongestWait is the longest that an answer of the API can hold up requests,
	// whatever it asks for. Cloudflare documents five minutes.
	LongestWait = 2 * time.Hour
	// LongWait is a wait that somebody should know of.
	LongWait = time.Hour
)

// Overview is the state of the warehouse and of Rollcall's books. Its JSON form
// is what "status --json" prints and docs/status.schema.json describes: times are
// RFC 3339 in UTC, null where there is none.
type Overview struct {
	At time.Time `json:"at"` // by the database's clock
	// Standby tells that the server is one, which does not know who is under way and
	// what is left of the request quota: no run is called so then, nor cut off.
	Standby   bool               `json:"standby"`
	Runs      []RunOverview      `json:"runs"`
	Apps      []AppOverview      `json:"apps"`
	Sessions  SessionCounts      `json:"sessions"`
	Problems  []SessionProblem   `json:"problems"` // the newest first
	Rejected  []RejectedOverview `json:"rejected"`
	Backfills []BackfillOverview `json:"backfills"` // begun and not done
	Backlog   Backlog            `json:"backlog"`
	Budget    BudgetOverview     `json:"budget"`
	Queue     *QueueOverview     `json:"queue"` // nil where there is none, or it cannot be seen
}

// QueueOverview is how the queue of an account stands.
type QueueOverview struct {
	Due     int64 `json:"jobs_due"`
	Later   int64 `json:"jobs_later"`
	Running int64 `json:"jobs_running"`
	Failing int64 `json:"jobs_failing"` // of these, jobs that failed before
	Workers int64 `json:"workers"`      // alive
	// OldestAt is since when the session has waited that waits longest.
	OldestAt *time.Time `json:"waiting_since"`
}

// RunOverview is one run of the ledger.
type RunOverview struct {
	ID         int64      `json:"run_id"`
	Kind       string     `json:"kind"`
	Status     string     `json:"status"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	Requests   *int64     `json:"requests"`
	Listed     *int64     `json:"sessions_listed"` // verify: compared
	Sessions   int64      `json:"sessions_read"`
	Rows       int64      `json:"rows_written"`
	Error      *string    `json:"error"`
	BudgetWait *float64   `json:"budget_wait_seconds"` // in which at least one request waited
	// UnderWay tells that a process holds the lock of this kind of run and the
	// ledger calls the run running. A running run that is not under way was cut
	// off; the next one closes it.
	UnderWay bool `json:"under_way"`
}

// AppOverview tells how fresh an app is.
type AppOverview struct {
	ID           string     `json:"app_id"`
	Name         *string    `json:"name"`
	Watermark    *time.Time `json:"watermark"`
	DiscoveredAt *time.Time `json:"discovered_at"`
	Error        *string    `json:"error"`
}

// SessionCounts counts the sessions that a run read, or tried to. Every one is in
// one of Live, Settled, Settling, Incomplete, Failed, Unread and Gone. Those that
// were not listed, or not come to, since a run ended early are in none.
type SessionCounts struct {
	Total      int64 `json:"total"`
	Live       int64 `json:"live"`
	Settling   int64 `json:"settling"` // complete, and inside the settle window when last read
	Settled    int64 `json:"settled"`
	Incomplete int64 `json:"incomplete"`
	Failed     int64 `json:"failed"`
	Unread     int64 `json:"unread"` // loaded from a rejected record, and not read since
	Gone       int64 `json:"gone"`   // the API does not know them any more
}

// Backlog is what the next runs have to read, so far as it is known: of an app
// that was not listed to the end there may be more.
type Backlog struct {
	Due     int64      `json:"sessions_due"`     // by the next run: live, inside the settle window, failed, incomplete or not read yet
	Waiting int64      `json:"sessions_waiting"` // for another try at a later time
	RetryAt *time.Time `json:"next_retry_at"`    // of the first that waits
	// OldestAt is the creation time of the oldest session that is failed,
	// incomplete or not read yet.
	OldestAt *time.Time `json:"oldest_created_at"`
	// Meetings counts those whose enrolment is to be read, 0 where that is not read.
	Meetings int64 `json:"meetings_due"`
}

// BudgetOverview tells what was spent of the shared request budget.
type BudgetOverview struct {
	Requests1h  int64         `json:"requests_1h"` // of runs that ended within the last hour
	Requests24h int64         `json:"requests_24h"`
	Wait24h     float64       `json:"wait_seconds_24h"` // summed over all requests that waited
	Tokens      []TokenBudget `json:"tokens"`           // those used within a day, five at most: the latest, those that must wait first
}

// TokenBudget is what is known of the quotas of one API token. Which token it is
// cannot be told from the books.
type TokenBudget struct {
	UsedAt      time.Time    `json:"used_at"`
	ClosedUntil *time.Time   `json:"closed_until"` // as Retry-After asked; null where it may be used
	Quotas      []TokenQuota `json:"quotas"`
}

// TokenQuota is one quota as the API's answers describe it.
type TokenQuota struct {
	Name      string    `json:"name"`
	Calls     int64     `json:"calls"`          // in one window; 0 where not told
	Window    float64   `json:"window_seconds"` // 0 where not told
	Remaining int64     `json:"remaining"`
	ResetAt   time.Time `json:"reset_at"` // when the window ends
}

// SessionProblem is a session that is not complete, and why.
type SessionProblem struct {
	ID        string     `json:"session_id"`
	AppID     string     `json:"app_id"`
	Title     *string    `json:"meeting_title"`
	CreatedAt *time.Time `json:"created_at"`
	Attempts  int        `json:"attempts"`
	RetryAt   *time.Time `json:"retry_at"`
	Reason    string     `json:"reason"`
}

// RejectedOverview counts open rejected records of one entity.
type RejectedOverview struct {
	Entity string `json:"entity"`
	Open   int64  `json:"open"`
}

// BackfillOverview is a backfill of one app that has not come to its end.
type BackfillOverview struct {
	AppID      string     `json:"app_id"`
	From       time.Time  `json:"from"`
	To         *time.Time `json:"to"` // null where the range has no end
	Checkpoint time.Time  `json:"checkpoint"`
	SavedAt    time.Time  `json:"saved_at"`
	Full       bool       `json:"full"`   // reads again what is complete
	Queued     bool       `json:"queued"` // workers do it
}

// LockHolder is a connection that holds the lock of a kind of run.
type LockHolder struct {
	Kind        string // one of the Kind constants
	PID         int    // of the server process
	Role        string // that connected
	Application string // application_name, empty where it may not be seen
	Address     string // of the client; empty for a socket, or where it may not be seen
	RunID       int64  // of the run that the ledger calls running; 0 for none
	Since       time.Time
}
