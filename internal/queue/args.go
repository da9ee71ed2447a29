package queue

import (
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// SyncSession is the job that reads one session.
type SyncSession struct {
	AccountID string `json:"account_id"`
	AppID     string `json:"app_id"`
	SessionID string `json:"session_id"`
}

// Kind implements river.JobArgs.
func (SyncSession) Kind() string { return "sync_session" }

// ListApp is the job that lists the sessions of one app.
type ListApp struct {
	AccountID string `json:"account_id" river:"unique"`
	AppID     string `json:"app_id"     river:"unique"`
}

// Kind implements river.JobArgs.
func (ListApp) Kind() string { return "list_app" }

func (a ListApp) account() string { return a.AccountID }

// ListApps is the job that lists the apps of an account.
type ListApps struct {
	AccountID string `json:"account_id" river:"unique"`
}

// Kind implements river.JobArgs.
func (ListApps) Kind() string { return "list_apps" }

func (a ListApps) account() string { return a.AccountID }

// OptionalReads is the job that reads what one app has beside its sessions.
type OptionalReads struct {
	AccountID string `json:"account_id" river:"unique"`
	AppID     string `json:"app_id"     river:"unique"`
}

// Kind implements river.JobArgs.
func (OptionalReads) Kind() string { return "optional_reads" }

func (a OptionalReads) account() string { return a.AccountID }

// BackfillChunk is the job that lists the next chunk of a backfill in one app.
type BackfillChunk struct {
	AccountID string    `json:"account_id" river:"unique"`
	AppID     string    `json:"app_id"     river:"unique"` // empty for all: it makes a job of each
	From      time.Time `json:"from"       river:"unique"`
	To        time.Time `json:"to,omitzero" river:"unique"` // zero for a range without an end
	Full      bool      `json:"full"       river:"unique"`

	At      time.Time     `json:"at,omitzero"` // where the chunk begins; zero for where the checkpoint is
	Size    time.Duration `json:"size_ns,omitzero"`
	Unsound bool          `json:"unsound,omitzero"` // a list before did not add up
	Rounds  int           `json:"rounds,omitzero"`  // how often the range came to its end so
}

// Kind implements river.JobArgs.
func (BackfillChunk) Kind() string { return "backfill_chunk" }

func (a BackfillChunk) account() string { return a.AccountID }

// ofAccount is the job of one account that other jobs of the account follow.
type ofAccount interface {
	river.JobArgs
	account() string
}

// Priorities, the first first.
const (
	priorityAsked   = 1 + iota // of what a webhook told, and of the usage by day
	priorityLists              // of lists, which show what no webhook told, and of what they show
	priorityHistory            // of what lists show of an app's history
	priorityLater              // of what nobody waits for: backfills, optional reads
)

// mostAttempts is as good as for ever: what fails is tried again at longest every
// five minutes, and is never given up without a person.
const mostAttempts = 10_000

// Name gives the name of an account's queue.
func Name(accountID string) string { return "account_" + strings.ToLower(accountID) }

// OptionalName gives the queue of an account's optional reads. They take minutes, and would
// take all places of the other one from sessions that somebody waits for.
func OptionalName(accountID string) string { return "optional_" + strings.ToLower(accountID) }

// options gives how a job is inserted; the zero time is at once.
func options(accountID string, priority int, at time.Time) *river.InsertOpts {
	return &river.InsertOpts{Queue: Name(accountID), Priority: priority, ScheduledAt: at, MaxAttempts: mostAttempts}
}

// once gives the options of a job of which there is one at most with the same unique args.
func once(accountID string, priority int, at time.Time) *river.InsertOpts {
	o := options(accountID, priority, at)
	o.UniqueOpts = river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
		rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}}
	return o
}
