package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math"
	"time"
)

// Kinds of run.
const (
	KindRun      = "run"
	KindBackfill = "backfill"
	KindVerify   = "verify"
	KindRetry    = "retry" // of rejected records
	KindWork     = "work"  // of one worker of the queue, for a while
)

// Kinds gives all kinds of run that have one lock an account.
func Kinds() []string { return []string{KindRun, KindBackfill, KindVerify, KindRetry} }

// Statuses of a run in the ledger.
const (
	RunSucceeded = "succeeded"
	RunPartial   = "partial"
	RunFailed    = "failed"
)

// Outcomes of one session in a run.
const (
	OutcomeComplete   = "complete"
	OutcomeLive       = "live"
	OutcomeIncomplete = "incomplete"
	OutcomeFailed     = "failed"
	OutcomeRetried    = "retried" // rejected records of it were loaded
)

// Run identifies one run in the ledger.
type Run struct {
	ID        int64
	AccountID string
	Kind      string // one of the Kind constants
	StartedAt time.Time
	From, To  time.Time // range of a backfill, half-open; zero where open
	Full      bool      // a backfill reads again what is complete and unchanged; its checkpoints are its own
	Version   string    // of the program
}

// RunSummary closes a run in the ledger. Counts of sessions and rows are not
// here: they are the sums of what was committed session by session.
type RunSummary struct {
	Status         string
	Requests       int64
	BudgetWait     time.Duration // in which at least one request waited
	SessionsListed int
	OtherRows      int // that were written beside those of the sessions
	Error          string
}

// RunTotals are the sums of a run over its sessions.
type RunTotals struct {
	Complete, Live, Incomplete, Failed int
	RowCounts
}

// SessionsRead counts the sessions whose participants were read and stored.
func (t RunTotals) SessionsRead() int { return t.Complete + t.Live + t.Incomplete }

// ToldRun is a run whose end a chat or mailbox was told of. Its zero value is none.
type ToldRun struct {
	ID        int64
	StartedAt time.Time
	Failing   bool // the run failed
}

// SessionState is what was seen of a session when it was last read.
type SessionState struct {
	SessionID   UUID
	AppID       string
	Fingerprint []byte // nil where the session was never read
	Status      string
	ReadAt      time.Time
	// Participants counts those that the last reading found.
	Participants int
	Complete     bool
	Settled      bool
	// Paused tells that readings failed or did not add up, and that it is too
	// early for another one unless the record is no longer Tried.
	Paused bool
	Tried  []byte // fingerprint at the last such reading, nil for none
	Failed bool   // the last reading failed
}

// Fingerprint digests everything that a list tells of a session, so that any
// change of it is noticed: 16 bytes.
func (s *Session) Fingerprint() []byte {
	h := sha256.New()
	word := func(texts ...string) {
		for _, text := range texts {
			h.Write(binary.AppendUvarint(nil, uint64(len(text))))
			h.Write([]byte(text))
		}
	}
	number := func(n Number) {
		if n.Valid {
			h.Write(binary.BigEndian.AppendUint64([]byte{1}, math.Float64bits(n.Value)))
		} else {
			h.Write([]byte{0})
		}
	}
	word(s.AppID, s.MeetingID, s.MeetingTitle, s.Type, s.Status, string(s.Extra))
	number(s.LiveParticipants)
	number(s.MaxConcurrent)
	number(s.MinutesConsumed)
	for _, t := range []time.Time{s.StartedAt, s.EndedAt, s.CreatedAt, s.UpdatedAt} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(t.UnixMicro())))
	}
	word(string(s.Repairs.JSON()))
	return h.Sum(nil)[:16]
}

// JSON gives the repairs as a JSON object, nil where there are none.
func (r Repairs) JSON() []byte {
	if len(r) == 0 {
		return nil
	}
	text, err := json.Marshal(r) // keys are sorted; a map of strings cannot fail
	if err != nil {
		panic(err)
	}
	return text
}

// LastChange gives the time from which the settle window of an ended session is
// counted: its end, or the best that is known of it.
func (s *Session) LastChange() time.Time {
	for _, t := range []time.Time{s.EndedAt, s.UpdatedAt, s.StartedAt} {
		if !t.IsZero() {
			return t
		}
	}
	return s.CreatedAt
}

// Absence is what a failure says of whether the API still knows a session or a
// meeting.
type Absence int16

const (
	// Present is a failure that says nothing of it.
	Present Absence = iota
	// Missed is one that was not found this once. The third time in a row is
	// believed: an API that once does not find a live session must not leave it
	// live for ever.
	Missed
	// Gone is a session that was asked for by name and found in no app, or a meeting
	// whose id the API refuses.
	Gone
)

// DueSession is a session that a list shows to be due, for others to read.
type DueSession struct {
	ID        UUID
	IsNew     bool      // nothing was known of it
	IsSame    bool      // as it was stored: it only waits to be settled
	CreatedAt time.Time // zero where no list shows it
}

// QueueFigures tells how the queue of an account stands.
type QueueFigures struct {
	AccountID   string
	Age         float64 // seconds that the session has waited that waits longest; 0 for none
	Due         int64   // jobs that could run
	Later       int64   // jobs of a later time
	Running     int64
	Failing     int64 // of these, jobs that failed before
	Unannounced int64 // sessions of which a list told and no webhook, since ever
	Workers     int64 // alive
}

// QueuedBackfill is a backfill of one app that workers do.
type QueuedBackfill struct {
	JobID    int64
	AppID    string // empty for all, until they are listed
	From, To time.Time
	Full     bool
	Unsound  bool   // a list did not add up; it is asked for again
	Failure  string // of the last try; empty where it did not fail
}
