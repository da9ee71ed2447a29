package distributed

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

// servers are the processes of PostgreSQL servers on this machine, each the parent of all
// others of its server.
type servers []int

func serversOf(tb testing.TB, urls ...string) (all servers) {
	tb.Helper()
	for _, url := range urls {
		conn, err := pgtest.Connect(tb.Context(), url)
		if err != nil {
			tb.Fatal(err)
		}
		var backend int
		if err := conn.QueryRow(tb.Context(), `SELECT pg_backend_pid()`).Scan(&backend); err != nil {
			tb.Fatal(err)
		}
		_, parent, _ := processTime(backend)
		all = append(all, parent)
		closeConn(tb, conn.PgConn())
	}
	return all
}

func closeConn(tb testing.TB, conn *pgconn.PgConn) {
	tb.Helper()
	if err := conn.Close(tb.Context()); err != nil {
		tb.Error(err)
	}
}

// cpu gives the CPU time that the servers and this process have taken so far.
func (s servers) cpu() time.Duration {
	var own syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &own)
	total := time.Duration(own.Utime.Nano() + own.Stime.Nano())
	processes, _ := filepath.Glob("/proc/[0-9]*") // none on macOS
	for _, server := range s {
		_, _, ended := processTime(server)
		total += ended
		for _, dir := range processes {
			pid, _ := strconv.Atoi(filepath.Base(dir))
			if own, parent, _ := processTime(pid); parent == server {
				total += own
			}
		}
	}
	return total
}

// processTime gives a process's own CPU time, its parent, and its own together with that of
// its ended children.
func processTime(pid int) (own time.Duration, parent int, withChildren time.Duration) {
	const tick = 10 * time.Millisecond                        // USER_HZ is 100 on every Linux
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // it may have ended
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	if len(fields) < 15 {
		return 0, 0, 0
	}
	ticks := func(i int) time.Duration { n, _ := strconv.Atoi(fields[i]); return time.Duration(n) * tick }
	parent, _ = strconv.Atoi(fields[1])
	own = ticks(11) + ticks(12)
	return own, parent, own + ticks(13) + ticks(14)
}
