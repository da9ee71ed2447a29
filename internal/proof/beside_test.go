package proof_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// Two runs and two backfills at once, while sessions go on: one of each kind does
// the work, the other says to try later, and nobody waits for anybody.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	for _, seed := range sampling.Part(tries(2, 40)) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, seed, pgtest.New(t))
			s.sim.Update(func(d *simulator.Data) {
				for i := range d.Apps {
					live := d.Apps[i].Sessions[0]
					live.Status, live.EndedAt = simulator.StatusLive, time.Time{}
				}
			})
			s.sim.Script(simulator.Fault{Path: "*/participants", Every: 3, Do: simulator.JoinLive})
			var all []*process
			for _, args := range [][]string{{"run"}, {"backfill", "--from", "2020-01-01"}, {"run"}, {"backfill", "--from", "2020-01-01", "--full"}} {
				all = append(all, s.start(args...))
			}
			for _, p := range all {
				if end := p.wait(); !slices.Contains([]int{0, 3, 75}, end.code) {
					t.Errorf("%v ends with %d:\n%s", p.Args[1:], end.code, end.stderr)
				}
			}
			s.exact()
			var overlaps int
			err := s.connect().QueryRow(t.Context(), `SELECT count(*) FROM sync.runs AS a JOIN sync.runs AS b USING (account_id, kind)
				WHERE a.run_id < b.run_id AND a.finished_at > b.started_at`).Scan(&overlaps)
			if err != nil || overlaps != 0 {
				t.Errorf("%d pairs of one kind were under way at once: %v", overlaps, err)
			}
		})
	}
}

// What a database refuses is told in one sentence, with what to do, and loses
// nothing.
func TestDatabaseThatRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range sampling.Named(1, map[string]struct{ before, after, says string }{
		"read-only, as a standby is": {
			`ALTER DATABASE %s SET default_transaction_read_only = on`, `ALTER DATABASE %s RESET default_transaction_read_only`,
			"the server only reads, since default_transaction_read_only was set",
		},
		"a table that is not there": {
			`ALTER TABLE realtimekit.peer_events RENAME TO away -- %s`, `ALTER TABLE realtimekit.away RENAME TO peer_events -- %s`,
			"run rollcall migrate up",
		},
		"a rule of their own that forbids rows": {
			`ALTER TABLE realtimekit.participants ADD CONSTRAINT no_more CHECK (false) NOT VALID -- %s`,
			`ALTER TABLE realtimekit.participants DROP CONSTRAINT no_more -- %s`, "no_more",
		},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, 7, pgtest.New(t))
			s.sql(tt.before)
			end := s.start("run").wait()
			if end.code != 1 && end.code != 3 || !strings.Contains(end.stderr, tt.says) {
				t.Errorf("ends with %d:\n%s", end.code, end.stderr)
			}
			s.sql(tt.after)
			s.exact()
		})
	}
}

// sql runs a statement on the database that it names.
func (s *scene) sql(format string) {
	s.t.Helper()
	u := hostOf(s.t, s.direct)
	name := strings.TrimPrefix(u.Path, "/")
	query := u.Query()
	query.Set("default_transaction_read_only", "off")
	u.RawQuery = query.Encode()
	conn, err := pgx.Connect(s.t.Context(), u.String())
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(s.t.Context())
	if _, err := conn.Exec(s.t.Context(), fmt.Sprintf(format, name)); err != nil {
		s.t.Fatal(err)
	}
}
