package model

import "context"

type runKey struct{}

// WithRun marks a context as belonging to a run, so that whoever logs below it can
// say which run a line is about.
func WithRun(ctx context.Context, runID int64) context.Context {
	return context.WithValue(ctx, runKey{}, runID)
}

// RunID gives the run that a context belongs to; ok is false outside of one.
func RunID(ctx context.Context) (id int64, ok bool) {
	id, ok = ctx.Value(runKey{}).(int64)
	return id, ok
}
