// Package pipeline decides what to read next, in what order and how many
// sessions at once, and when a session is complete. It joins a source (the
// RealtimeKit API) and a store (the warehouse) through the two interfaces below
// and knows neither HTTP nor SQL.
package pipeline

import (
	"context"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// source gives records of the API. Every error tells by errors.Is whether the
// API refuses the token (model.ErrDenied) or this one thing (model.ErrRefused), does
// not know what was asked for (model.ErrNotFound) or must not be asked for a while
// (model.ErrBudgetSpent); any other concerns that one call, which was already
// repeated.
type source interface {
	// Apps, Sessions and Participants hand on one page after the other. The
	// pass tells whether the list can be trusted.
	Apps(ctx context.Context, each func(model.AppPage) error) (model.Pass, error)
	Sessions(ctx context.Context, appID string, from, to time.Time, each func(model.SessionPage) error) (model.Pass, error)
	Participants(ctx context.Context, appID string, id model.UUID, each func(model.ParticipantPage) error) (model.Pass, error)
	// Session reads one session; a record that cannot be used is a
	// *model.RejectedError.
	Session(ctx context.Context, appID string, id model.UUID) (model.Session, error)
	optionalSource
	// Requests counts requests, and the time that they waited for the budget.
	Requests() (sent int64, waited time.Duration)
	// ClockSkew tells how far the API's clock is ahead of this machine's; ok is
	// false before an answer has told.
	ClockSkew() (ahead time.Duration, ok bool)
}

// store keeps records and the books. An error that wraps model.ErrStore means
// that the database failed; any other concerns the session in hand.
type store interface {
	// Acquire takes the lock of a kind of run, or fails with model.ErrLocked.
	// The returned context ends when the lock is lost.
	Acquire(ctx context.Context, accountID, kind string) (held context.Context, release func(), err error)
	// ClockSkew tells how far the server's clock is ahead of this machine's, from
	// the moment on in which it was asked for the time or a lock was acquired.
	ClockSkew() time.Duration
	ServerTime(ctx context.Context) (time.Time, error)
	StartRun(ctx context.Context, run model.Run) (id int64, err error)
	FinishRun(ctx context.Context, run model.Run, summary model.RunSummary) (model.RunTotals, error)

	// FoldApps puts what is stored under an app's id in other letters to the app.
	FoldApps(ctx context.Context) (folded []string, mayNot bool, err error)
	// CheckRows looks for rows that were stored and are missing, and queues what
	// they belong to: at some sessions, and at all where something is missing.
	CheckRows(ctx context.Context, run model.Run, all bool) (model.Lost, error)

	SaveApps(ctx context.Context, run model.Run, apps []model.App) error
	// UnlistedApps gives the stored apps of an account but those listed.
	UnlistedApps(ctx context.Context, accountID string, listed []string) ([]model.HeldApp, error)
	NoteUnlisted(ctx context.Context, run model.Run, ids []string) error
	// FailingApps gives the apps of an account whose last list of sessions did not
	// come to its end, or does not add up.
	FailingApps(ctx context.Context, accountID string) (map[string]bool, error)
	// LoadSession stores a session and what read hands to stage, all or nothing.
	LoadSession(ctx context.Context, run model.Run, session model.Session,
		read func(ctx context.Context, stage func(model.ParticipantPage) error) (model.Reading, error)) (model.RowCounts, error)
	FailSession(ctx context.Context, run model.Run, session model.Session, reason string, absence model.Absence) error
	// SetAside gives the records that it kept.
	SetAside(ctx context.Context, run model.Run, rejected []model.Rejected) (kept []model.Rejected, err error)

	States(ctx context.Context, ids []model.UUID) (map[model.UUID]model.SessionState, error)
	Unsettled(ctx context.Context, appID string) (map[model.UUID]model.SessionState, error)
	Watermark(ctx context.Context, appID string) (time.Time, error)
	// Checkpoint and SaveCheckpoint keep how far a backfill of the run's range
	// has come in an app, zero for not begun; EndBackfill forgets it.
	Checkpoint(ctx context.Context, run model.Run, appID string, full bool) (time.Time, error)
	SaveCheckpoint(ctx context.Context, run model.Run, appID string, full bool, checkpoint time.Time) error
	EndBackfill(ctx context.Context, run model.Run, full bool) error
	SaveDiscovery(ctx context.Context, run model.Run, appID string, watermark time.Time, problem string) error
	optionalStore
	// Horizon gives before when ended sessions of an account were deleted on
	// purpose, zero for never.
	Horizon(ctx context.Context, accountID string) (time.Time, error)
	// RefreshAnalytics computes anew what the warehouse keeps by day.
	RefreshAnalytics(ctx context.Context) (sessions int, err error)
}
