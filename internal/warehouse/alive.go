package warehouse

import "regexp"

// workerAlive is how statements ask whether a worker holds its lock (ledger.AcquireWorker):
// worker_is_alive(COLUMN).
var workerAlive = regexp.MustCompile(`worker_is_alive\(((?:[^()]|\([^()]*\))+)\)`)

// WithWorkers gives a statement with each worker_is_alive(COLUMN) written out as SQL. A
// statement about many rows reads the locks once: PostgreSQL makes a join of it.
func WithWorkers(sql string) string {
	return workerAlive.ReplaceAllString(sql, `EXISTS (SELECT 1 FROM pg_locks AS l WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended('rollcall::work:' || $1, 0))`)
}
