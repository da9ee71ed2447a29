package model

import "time"

// Holding is what the warehouse holds of one session.
type Holding struct {
	Session Session // as stored; only ID and AppID where there is no row
	Stored  bool    // whether there is a row
	// Participants counts the stored ones that were not removed, SetAside and
	// EventsSetAside the participants and events that wait in the rejected records.
	Participants   int
	SetAside       int
	EventsSetAside int
	Erased         int    // participants that are not stored since the person was erased
	Settled        bool   // complete, and read after the settle window
	Gone           bool   // the API is known not to list it any more
	Problem        string // why the last reading failed or left it incomplete
}

// HeldApp is an app that the warehouse holds.
type HeldApp struct {
	ID       string
	Name     string // empty where it was never listed
	Sessions int    // stored of it
	Known    bool   // to be not listed by the API any more
}

// Coverage tells how far the runs have come in an app. The zero value is an app
// that no run has listed.
type Coverage struct {
	// AsOf is the start of the last run that listed the app to its end: what
	// changed later is not expected in the warehouse yet.
	AsOf time.Time
	// Watermark is the creation time of the newest session that was listed.
	Watermark time.Time
}

// VerifyCheckpoint is how far an unfinished verification has come in an app.
type VerifyCheckpoint struct {
	At        time.Time // every session created before was compared
	Compared  int
	Differing []UUID // sessions that differed
}

// VerifyRange identifies a verification that may go on later.
type VerifyRange struct {
	From, To time.Time // sessions created in [From, To); zero means open
	ByIDs    bool
}

// Absent counts what the API lists of a page and the warehouse lacks, or holds otherwise.
type Absent struct {
	Participants  []UUID // not stored, or marked as removed
	Changed       int    // stored, but with other values
	Events        int    // of stored participants
	EventsChanged int    // stored, but with other values
	Erased        int    // participants that are not stored since the person was erased
}
