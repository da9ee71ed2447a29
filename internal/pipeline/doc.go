// Package pipeline decides what to read next, in what order and how many
// sessions at once, and when a session is complete. It joins a source (the
// RealtimeKit API) and a store (the warehouse) through small interfaces and
// knows neither HTTP nor SQL.
//
// What flows in: pages of records of package model. What flows out: each session, with its
// verdict, to the store, and an entry of the run in the ledger. Package cli calls
// [Pipeline.Run] for run and backfill, [Pipeline.Preview] for their dry runs, [Verify] and
// [RetryRejects]; package worker does the same job by job with a [Shift].
//
// The package is larger than others, since runs, backfills, verifications and retries
// share how clocks, lists of apps and refusals in a row are judged, and each of these
// judgements is to stand in one place.
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
