package proof_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// The judges are judged: whatever is missing, twice, older or made up in any
// table is seen, and so is a wrong ledger. Without this the rest would prove
// nothing.
func TestTheOracleSeesDamage(t *testing.T) {
	t.Parallel()
	s := newScene(t, 12, pgtest.New(t))
	s.sim.Update(func(d *simulator.Data) { *d = *crashData(time.Now().UTC().Truncate(time.Hour).Add(-24 * time.Hour)) })
	s.mustRun(everything...)
	s.alone()
	copies, sound := 0, map[string][]string(nil)
	damaged := func(t *testing.T, damage string) *scene {
		t.Helper()
		one := *s
		one.t = t
		copies++
		one.direct = one.copyDatabase(copies)
		if damage != "" {
			one.sql("SET session_replication_role = replica; " + strings.ReplaceAll(damage, "%", "%%") + " -- %s")
		}
		return &one
	}
	judge := func(t *testing.T, damage string) (api, twin string) {
		t.Helper()
		one := damaged(t, damage)
		pool := one.connect()
		api, err := oracle.DiffListed(t.Context(), pool, s.sim, nil)
		if err != nil {
			t.Fatal(err)
		}
		beside, err := oracle.DiffBeside(t.Context(), pool, s.sim)
		if err != nil {
			t.Fatal(err)
		}
		tables := one.tables(pool)
		if sound == nil {
			sound = tables
		}
		return api + beside, cmp.Diff(sound, tables)
	}
	if api, twin := judge(t, ""); api != "" || twin != "" {
		t.Fatalf("damage is seen where there is none: %s%s", api, twin)
	}
	for _, damage := range []struct {
		sql string
		api bool // whether the comparison with the API sees it, too
	}{
		{`DELETE FROM realtimekit.apps WHERE app_id = (SELECT min(app_id) FROM realtimekit.apps)`, true},
		{`UPDATE realtimekit.meetings SET configured_title = 'x' WHERE meeting_id = (SELECT min(meeting_id) FROM realtimekit.meetings)`, true},
		{`DELETE FROM realtimekit.sessions WHERE session_id = (SELECT session_id FROM realtimekit.sessions LIMIT 1)`, true},
		{`UPDATE realtimekit.participants SET extra = NULL`, true},
		{`UPDATE realtimekit.peer_events SET extra = NULL`, true},
		{`UPDATE realtimekit.sessions SET minutes_consumed = minutes_consumed + 0.0001`, true},
		{`DELETE FROM realtimekit.participants WHERE participant_id = (SELECT participant_id FROM realtimekit.participants LIMIT 1)`, true},
		{`UPDATE realtimekit.participants SET left_at = left_at - interval '1 ms'`, true},
		{`DELETE FROM realtimekit.peer_events WHERE ctid = (SELECT min(ctid) FROM realtimekit.peer_events)`, true},
		{`INSERT INTO realtimekit.peer_events SELECT (jsonb_populate_record(e, '{"event_id": "00000000-0000-4000-8000-000000000000"}')).* FROM realtimekit.peer_events e LIMIT 1`, true},
		{`DELETE FROM realtimekit.meeting_participants WHERE ctid = (SELECT min(ctid) FROM realtimekit.meeting_participants)`, true},
		{`UPDATE realtimekit.daily_stats SET total_sessions = total_sessions + 1`, true},
		{`UPDATE realtimekit.peer_reports SET country = 'XX'`, false},
		{`DELETE FROM realtimekit.peer_reports WHERE ctid = (SELECT min(ctid) FROM realtimekit.peer_reports)`, false},
		{`DELETE FROM sync.rejected_records`, false},
		{`UPDATE sync.session_states SET complete_at = NULL WHERE ctid = (SELECT min(ctid) FROM sync.session_states WHERE complete_at IS NOT NULL)`, false},
		{`UPDATE sync.app_states SET watermark = watermark - interval '1 s'`, false},
		{`UPDATE analytics.usage_days SET unique_people = unique_people + 1`, false},
	} {
		t.Run(fmt.Sprintf("%.60s", damage.sql), func(t *testing.T) {
			api, twin := judge(t, damage.sql)
			if damage.api && api == "" {
				t.Error("the comparison with the API does not see it")
			}
			if twin == "" {
				t.Error("the comparison with the twin does not see it")
			}
		})
	}
	for damage, want := range map[string]int{ // lines that the ledger's judge must say
		"": 0,
		`UPDATE sync.runs SET status = 'running'`:              1,
		`UPDATE sync.runs SET rows_updated = rows_updated + 1`: 1,
		`UPDATE sync.run_sessions SET rows_updated = rows_updated + 1 WHERE session_id = (SELECT session_id FROM sync.run_sessions LIMIT 1)`:                       2,
		`DELETE FROM sync.run_sessions WHERE session_id = (SELECT session_id FROM sync.run_sessions LIMIT 1)`:                                                      2,
		`UPDATE sync.run_sessions SET rows_read = 2 * rows_read, rows_unchanged = rows_read WHERE session_id = (SELECT session_id FROM sync.run_sessions LIMIT 1)`: 2,
	} {
		t.Run(fmt.Sprintf("ledger %.60s", damage), func(t *testing.T) {
			one := damaged(t, damage)
			if wrong := one.ledger(one.connect()); len(wrong) != want {
				t.Errorf("%d things are wrong, want %d: %q", len(wrong), want, wrong)
			}
		})
	}
}
