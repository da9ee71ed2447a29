package load

import "context"

// refreshBatch bounds how many sessions one transaction of RefreshAnalytics
// takes, so that none is long.
const refreshBatch = 500

// RefreshAnalytics brings the tables of usage by day up to date with the
// sessions that were changed since, whoever changed them, and gives how many
// those were. What it did not come to, or another process is doing, is left for
// whoever calls next.
func (s *Store) RefreshAnalytics(ctx context.Context) (sessions int, err error) {
	for {
		var n int
		if err := s.pool.QueryRow(ctx, `SELECT analytics.refresh($1)`, refreshBatch).Scan(&n); err != nil {
			return sessions, storeError("refresh the usage by day", err)
		}
		if n == 0 {
			return sessions, nil
		}
		sessions += n
	}
}
