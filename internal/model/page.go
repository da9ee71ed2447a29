package model

import "fmt"

// AppPage is one page of the account's apps.
type AppPage struct {
	Apps     []App
	Rejected []Rejected
}

// SessionPage is one page of a session list, in the order of the API.
type SessionPage struct {
	Sessions []Session
	Rejected []Rejected
}

// ParticipantPage is one page of a session's participants with their events.
type ParticipantPage struct {
	Participants []Participant
	Events       []PeerEvent
	Rejected     []Rejected
	// Pass counts the passes over the session from 1. A second pass is made
	// when the first did not add up.
	Pass int
}

// Pass tells how one walk over all pages of a list went.
type Pass struct {
	// Announced is the API's total_count, or -1 where it gave none.
	Announced int
	// Distinct counts different record ids seen, rejected records included.
	Distinct int
	// Duplicates counts records seen again within the pass.
	Duplicates int
	// Problem says why the pass cannot be trusted; empty for a sound pass.
	Problem string
}

// Outcome names what came of a reading: one of the Outcome constants.
func (r *Reading) Outcome() string {
	switch {
	case r.Complete:
		return OutcomeComplete
	case r.Problem == "":
		return OutcomeLive
	}
	return OutcomeIncomplete
}

// Reading is what is known of a session once its participants were read, and is
// committed together with them.
type Reading struct {
	Pass
	// FullPass tells that the last pass walked to the end of the list and found
	// as many distinct ids as announced, so that a participant that it did not
	// list is gone. LastPass is its number.
	FullPass bool
	LastPass int
	// Overrides tells that records count also where they are older, by their
	// updated_at, than those stored: somebody asked for the session by name. Where a
	// reading that began later is stored, they do not.
	Overrides bool
	// Recount tells that the usage of the session's days is computed anew, also
	// where nothing of it has changed.
	Recount bool
	// Complete tells that the session was ENDED and a full pass was made.
	Complete bool
	// Settled tells that the full pass began after the settle window.
	Settled bool
	// Problem says why the session is not complete; empty where it is, and for
	// a session that is still live.
	Problem string
}

// RowCounts tells what a load did to the rows of the warehouse.
type RowCounts struct {
	Read      int // records that came from the API
	Inserted  int
	Updated   int
	Unchanged int
	Repaired  int // records with at least one mended value
	Rejected  int // records set aside
	Repeated  int // participants that were listed again within one reading
}

// Add sums two counts.
func (c *RowCounts) Add(other RowCounts) {
	c.Read += other.Read
	c.Inserted += other.Inserted
	c.Updated += other.Updated
	c.Unchanged += other.Unchanged
	c.Repaired += other.Repaired
	c.Rejected += other.Rejected
	c.Repeated += other.Repeated
}

// Sound reports whether a pass over a list saw as many distinct records as
// announced. A list without an announcement is sound when it was read to its
// end.
func (p Pass) Sound() bool {
	return p.Problem == "" && (p.Announced < 0 || p.Distinct == p.Announced)
}

// Doubt says in words why a pass is not sound, or is empty.
func (p Pass) Doubt() string {
	switch {
	case p.Problem != "":
		return p.Problem
	case !p.Sound():
		return fmt.Sprintf("the API announced %s and gave %s", several(p.Announced, "record"), several(p.Distinct, "different one"))
	}
	return ""
}
