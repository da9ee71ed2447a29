package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// usage is what a phase cost. Where /proc is missing (macOS), what comes from
// there is 0.
type usage struct {
	rows     int
	took     time.Duration
	own      time.Duration // CPU time of rollcall, or of psql
	postgres time.Duration // CPU time of all server processes
	api      time.Duration // CPU time of the API
	peak     int64         // bytes, most resident memory of rollcall
	wal      int64         // bytes
	written  int           // rows inserted or updated
	queries  int           // of the reader beside it
}

func (u usage) rate() float64 { return float64(u.rows) / u.took.Seconds() }

// without gives what a phase cost apart from a part of it.
func (u usage) without(part usage) usage {
	u.took, u.own, u.postgres, u.wal = u.took-part.took, u.own-part.own, u.postgres-part.postgres, u.wal-part.wal
	return u
}

// perRow gives the CPU time of both sides for a row.
func (u usage) perRow() time.Duration { return (u.own + u.postgres) / time.Duration(max(u.rows, 1)) }

// meter measures one phase: its start, until stop.
type meter struct {
	pool     *pgxpool.Pool
	began    time.Time
	own      time.Duration
	postgres time.Duration
	position string // in the WAL
}

func startMeter(ctx context.Context, pool *pgxpool.Pool) (*meter, error) {
	// What an earlier phase left to do is done now: half-full caches, dead rows.
	if _, err := pool.Exec(ctx, "VACUUM (ANALYZE)"); err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, "CHECKPOINT"); err != nil {
		return nil, err
	}
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // forget the peak; where that cannot be, it is that of all phases
	return partMeter(ctx, pool)
}

// partMeter is startMeter for a part of a phase, which is to stay as it is.
func partMeter(ctx context.Context, pool *pgxpool.Pool) (*meter, error) {
	m := &meter{pool: pool}
	if err := pool.QueryRow(ctx, "SELECT pg_current_wal_insert_lsn()::text").Scan(&m.position); err != nil {
		return nil, err
	}
	var err error
	if m.postgres, err = serverTime(ctx, pool); err != nil {
		return nil, err
	}
	m.own, m.began = ownTime(), time.Now()
	return m, nil
}

func (m *meter) stop(ctx context.Context) (u usage, err error) {
	u.took, u.own, u.peak = time.Since(m.began), ownTime()-m.own, peakMemory()
	after, err := serverTime(ctx, m.pool)
	if err != nil {
		return u, err
	}
	u.postgres = after - m.postgres
	err = m.pool.QueryRow(ctx, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1::pg_lsn)::bigint", m.position).Scan(&u.wal)
	return u, err
}

// ownTime is the CPU time of this process.
func ownTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func peakMemory() int64 {
	status, _ := os.ReadFile("/proc/self/status") // not on macOS
	_, after, _ := bytes.Cut(status, []byte("VmHWM:"))
	var kilobytes int64
	_, _ = fmt.Sscan(string(after), &kilobytes)
	return kilobytes << 10
}

// tick is the unit of times in /proc: USER_HZ is 100 on every Linux.
const tick = 10 * time.Millisecond

// serverTime is the CPU time that the server's processes have taken so far,
// those that have ended included. 0 for a server elsewhere.
func serverTime(ctx context.Context, pool *pgxpool.Pool) (time.Duration, error) {
	var backend int
	if err := pool.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return 0, err
	}
	_, parent, _ := processTime(backend)
	if parent == 0 {
		return 0, nil
	}
	_, _, total := processTime(parent)
	all, err := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if own, of, _ := processTime(pid); of == parent {
			total += own
		}
	}
	return total, err
}

// processTime gives a process's own CPU time, its parent, and its own together
// with that of its ended children.
func processTime(pid int) (own time.Duration, parent int, withChildren time.Duration) {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // it may have ended
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	if len(fields) < 15 {
		return 0, 0, 0
	}
	number := func(i int) int { n, _ := strconv.Atoi(fields[i]); return n }
	own = time.Duration(number(11)+number(12)) * tick
	return own, number(1), own + time.Duration(number(13)+number(14))*tick
}
