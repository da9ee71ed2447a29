package queue

import (
	"context"
	"sync/atomic"
	"time"
)

// serverTime is the database server's clock for River's client, by what the server last said:
// River gives a job that is due at once the time of this machine. By one that is an hour ahead
// nobody would take it for an hour. It is this machine's until the server has said something.
type serverTime struct{ ahead atomic.Int64 } // nanoseconds

// heard notes what the server's clock has just shown.
func (s *serverTime) heard(now time.Time) { s.ahead.Store(int64(time.Until(now))) }

// Now implements rivertype.TimeGenerator.
func (s *serverTime) Now() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }

// NowOrNil implements rivertype.TimeGenerator.
func (s *serverTime) NowOrNil() *time.Time {
	now := s.Now()
	return &now
}

// askTime asks the server for the time, before jobs are made that are due at once.
func (q *Queue) askTime(ctx context.Context) error {
	var now time.Time
	if err := q.pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now); err != nil {
		return err
	}
	q.clock.heard(now)
	return nil
}
