package worker_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// finish fills the queue with so many jobs that ended some time ago, as workers leave them.
func (f *fleet) finish(jobs int, ago string) {
	f.Helper()
	f.exec(`INSERT INTO rollcall_queue.river_job (args, attempt, attempted_at, attempted_by, created_at, finalized_at, kind, max_attempts, priority, queue, scheduled_at, state)
		SELECT jsonb_build_object('account_id', '` + f.data.AccountID + `', 'app_id', gen_random_uuid(), 'session_id', gen_random_uuid()),
		       1, at, '{w}', at, at, 'sync_session', 10000, 1, 'account_` + f.data.AccountID + `', at, 'completed'
		FROM generate_series(1, ` + strconv.Itoa(jobs) + `), (SELECT now() - interval '` + ago + `' AS at) AS t`)
}

// pages gives the size of the queue's largest table with its indexes, once it is vacuumed as
// autovacuum would.
func (f *fleet) pages() int {
	f.Helper()
	f.exec(`VACUUM rollcall_queue.river_job`)
	return f.count(`SELECT pg_total_relation_size('rollcall_queue.river_job') / current_setting('block_size')::int`)
}

func (f *fleet) sizes() (text string) {
	f.Helper()
	if err := f.pool.QueryRow(f.Context(), `SELECT string_agg(relname || ' ' || pg_relation_size(oid) / 8192, ', ' ORDER BY relname)
		FROM pg_class WHERE relnamespace = 'rollcall_queue'::regnamespace AND relname LIKE 'river_job%'`).Scan(&text); err != nil {
		f.Fatal(err)
	}
	return text
}

const oldJobs = `SELECT count(*) = 0 FROM rollcall_queue.river_job WHERE state = 'completed' AND finalized_at < now() - interval '90 minutes'`

// Jobs that ended more than an hour ago go, and others stay.
func TestEndedJobsGo(t *testing.T) {
	t.Parallel()
	f := newFleet(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
	f.finish(1500, "2 hours")
	f.finish(10, "30 minutes")
	f.start()
	f.until("old jobs are gone", oldJobs)
	if n := f.count(`SELECT count(*) FROM rollcall_queue.river_job WHERE state = 'completed' AND attempted_by = '{w}'`); n != 10 {
		t.Errorf("%d of 10 jobs of the last hour are left", n)
	}
}

// The size of the queue after so many jobs, and after as many again.
func BenchmarkQueueTables(b *testing.B) {
	f := newFleet(b, simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 1, EventsPerParticipant: 1}, 3, time.Now()))
	jobs := size(b, "BENCH_JOBS", 100_000)
	var after []int
	for range 3 {
		f.finish(jobs, "2 hours")
		full := f.pages()
		b.Log(f.sizes())
		stop := f.start()
		f.until("old jobs are gone", oldJobs)
		stop()
		after = append(after, f.pages())
		b.Log(f.sizes())
		b.ReportMetric(float64(full), "pages-full")
	}
	b.ReportMetric(float64(f.count(`SELECT count(*) FROM rollcall_queue.river_job`)), "rows-left")
	b.ReportMetric(float64(f.count(`SELECT pg_relation_size('rollcall_queue.river_job') / current_setting('block_size')::int`)), "heap-pages-left")
	b.ReportMetric(float64(after[0]), "pages-first")
	b.ReportMetric(float64(after[2]), "pages-third")
}
