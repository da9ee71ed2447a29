package pipeline

import (
	"context"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Stores are the parts of a warehouse, each as small as it is needed here. An error
// that wraps model.ErrStore means that the database failed; any other concerns the
// session or record in hand. Package stores gives them for a database.
type Stores struct {
	Clock     clock
	Ledger    ledger
	Apps      appStore
	Sessions  sessionStore
	Rejects   rejectStore
	Optional  optionalStore
	Inventory inventory
	Verifier  verifier
	Retention retention
	Usage     usage
}

// clock is the database server's.
type clock interface {
	// ClockSkew tells how far the server's clock is ahead of this machine's, from
	// the moment on in which it was asked for the time or a lock was acquired.
	ClockSkew() time.Duration
	ServerTime(ctx context.Context) (time.Time, error)
}

// ledger keeps runs, and how far they came.
type ledger interface {
	// Acquire takes the lock of a kind of run, or fails with model.ErrLocked.
	// The returned context ends when the lock is lost.
	Acquire(ctx context.Context, accountID, kind string) (held context.Context, release func(), err error)
	StartRun(ctx context.Context, run model.Run) (id int64, err error)
	FinishRun(ctx context.Context, run model.Run, summary model.RunSummary) (model.RunTotals, error)

	States(ctx context.Context, ids []model.UUID) (map[model.UUID]model.SessionState, error)
	// Unsettled gives the sessions of an app that are not done with, oldest first.
	Unsettled(ctx context.Context, appID string) ([]model.SessionState, error)
	// Unsettle lets sessions be read again by whoever comes to them next.
	Unsettle(ctx context.Context, ids []model.UUID) error
	// FailingApps gives the apps of an account whose last list of sessions did not
	// come to its end, or does not add up.
	FailingApps(ctx context.Context, accountID string) (map[string]bool, error)
	Watermark(ctx context.Context, appID string) (time.Time, error)
	SaveDiscovery(ctx context.Context, run model.Run, appID string, watermark time.Time, problem string) error
	// Checkpoint and SaveCheckpoint keep how far a backfill of the run's range
	// has come in an app, zero for not begun; EndBackfill forgets it.
	Checkpoint(ctx context.Context, run model.Run, appID string) (time.Time, error)
	SaveCheckpoint(ctx context.Context, run model.Run, appID string, checkpoint time.Time) error
	EndBackfill(ctx context.Context, run model.Run) error
}

// appStore keeps the apps of an account.
type appStore interface {
	SaveApps(ctx context.Context, run model.Run, apps []model.App) error
	// EnsureApp makes the row of an app that was configured by id.
	EnsureApp(ctx context.Context, run model.Run, appID string) error
}

// sessionStore keeps sessions with their participants and events.
type sessionStore interface {
	// Expect makes ready for sessions that are to be loaded.
	Expect(ctx context.Context, run model.Run, sessions []model.Session) error
	// LoadSession stores a session and what read hands to stage, all or nothing.
	LoadSession(ctx context.Context, run model.Run, session model.Session,
		read func(ctx context.Context, stage func(model.ParticipantPage) error) (model.Reading, error)) (model.RowCounts, error)
	FailSession(ctx context.Context, run model.Run, session model.Session, reason string, absence model.Absence) error
}

// rejectStore keeps the records that could not be stored.
type rejectStore interface {
	// SetAside gives the records that it kept.
	SetAside(ctx context.Context, run model.Run, rejected []model.Rejected) (kept []model.Rejected, err error)
	Rejects(ctx context.Context, accountID string, all bool, each func(model.StoredReject) error) error
	ResolveReject(ctx context.Context, id int64) error
	// Unnamed gives open records of an entity that belong to no session: of an app, or
	// those of the account's apps for an empty appID. Their raw text is when they were
	// created.
	Unnamed(ctx context.Context, run model.Run, entity, appID string) ([]model.StoredReject, error)
	LoadSalvaged(ctx context.Context, run model.Run, from model.StoredReject, salvaged model.Salvaged) (model.RowCounts, error)
}

// optionalStore keeps the optional records, and what is still to be read.
type optionalStore interface {
	Endpoint(ctx context.Context, appID, endpoint string) (model.EndpointState, error)
	SaveEndpoint(ctx context.Context, run model.Run, appID, endpoint string, state model.EndpointState) error
	// AskAgain lets the next run ask the API for a rejected record of an optional read.
	AskAgain(ctx context.Context, rejected model.Rejected) error
	enrolmentStore
	dayStore
	peerStore
	recordingStore
}

type enrolmentStore interface {
	DueMeetings(ctx context.Context, appID string, most int) ([]model.DueMeeting, error)
	SaveMeetings(ctx context.Context, run model.Run, meetings []model.Meeting) (model.RowCounts, error)
	SavePeople(ctx context.Context, run model.Run, appID, meetingID string, people []model.MeetingParticipant) (model.RowCounts, error)
	EndEnrolment(ctx context.Context, run model.Run, e model.Enrolment) (removed int, err error)
}

type dayStore interface {
	// SessionsReadSince reports whether the reading of a session of the app began after
	// the given time.
	SessionsReadSince(ctx context.Context, appID string, since time.Time) (bool, error)
	SaveDays(ctx context.Context, run model.Run, appID string, days []model.DailyStats) (model.RowCounts, error)
	ResolveDays(ctx context.Context, appID string, from time.Time, aside []string) error
}

type peerStore interface {
	DuePeers(ctx context.Context, appID string, since, now time.Time, most int) ([]model.DuePeer, error)
	PeersAsked(ctx context.Context, appID string, since time.Time) error
	SavePeerReport(ctx context.Context, run model.Run, report model.PeerReport) error
	NotePeer(ctx context.Context, run model.Run, peer model.DuePeer, outcome, failure string) error
}

type recordingStore interface {
	OpenRecordings(ctx context.Context, appID string, since time.Time) (oldest time.Time, lost bool, err error)
	SaveRecordings(ctx context.Context, run model.Run, appID string, recordings []model.Recording, horizon time.Time) (model.RowCounts, error)
	DueLivestreams(ctx context.Context, appID string, meetings []string, most int) ([]model.UUID, error)
	LivestreamAnswered(ctx context.Context, appID string) (bool, error)
	SaveLivestream(ctx context.Context, run model.Run, sessionID model.UUID, runs []model.LivestreamSession, outcome, failure string) (model.RowCounts, error)
}

// inventory tells what the warehouse holds, and what it lacks.
type inventory interface {
	// FoldIDs puts what is stored under an id in other letters to the account, app or
	// meeting that it is.
	FoldIDs(ctx context.Context) (folded []model.Folded, mayNot bool, err error)
	// CheckRows looks for rows that were stored and are missing, and queues what
	// they belong to: at some sessions, and at all where something is missing.
	CheckRows(ctx context.Context, run model.Run, all bool) (model.Lost, error)
	// UnlistedApps gives the stored apps of an account but those listed.
	UnlistedApps(ctx context.Context, accountID string, listed []string) ([]model.HeldApp, error)
	NoteUnlisted(ctx context.Context, run model.Run, ids []string) error
	// Elsewhere gives the accounts of those sessions that are held under another one.
	Elsewhere(ctx context.Context, accountID string, ids []model.UUID) (map[model.UUID]string, error)
	FirstSession(ctx context.Context, appID string) (time.Time, error)
}

// verifier reads what is compared with the API, and keeps how far a verification
// has come.
type verifier interface {
	Coverage(ctx context.Context, appID string) (model.Coverage, error)
	Holdings(ctx context.Context, appID string, ids []model.UUID, from, to time.Time) ([]model.Holding, error)
	Absent(ctx context.Context, appID string, id model.UUID, page model.ParticipantPage) (model.Absent, error)
	VerifyCheckpoint(ctx context.Context, run model.Run, appID string, r model.VerifyRange) (model.VerifyCheckpoint, error)
	SaveVerifyCheckpoint(ctx context.Context, run model.Run, appID string, r model.VerifyRange, c model.VerifyCheckpoint) error
	EndVerification(ctx context.Context, run model.Run, apps []string, r model.VerifyRange) error
}

// retention gives before when ended sessions of an account were deleted on purpose,
// zero for never.
type retention interface {
	Horizon(ctx context.Context, accountID string) (time.Time, error)
}

// usage computes anew what the warehouse keeps by day.
type usage interface {
	RefreshAnalytics(ctx context.Context) (sessions int, err error)
	RefreshSome(ctx context.Context) (sessions int, err error)
}
