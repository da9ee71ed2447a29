package model

import "time"

// StoredReject is a rejected record as the books keep it.
type StoredReject struct {
	ID int64
	Rejected
	FirstSeenAt time.Time
	LastSeenAt  time.Time
	TimesSeen   int
	ResolvedAt  time.Time // zero while it is open
}

// Salvaged is what a rejected record turns out to be for a program that
// understands it. One of App, Session and Page is set, by the entity.
type Salvaged struct {
	App     *App
	Session *Session
	Page    ParticipantPage
}

// RetryCounts tells what a retry of the rejected records did.
type RetryCounts struct {
	Tried, Loaded, StillRejected int
	TooOld                       int // sessions before the retention horizon, which are not wanted
	RowCounts
}
