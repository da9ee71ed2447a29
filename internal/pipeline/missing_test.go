package pipeline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/inventory"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// settled is a warehouse in which nothing is left to read.
func settled(t *testing.T, seed uint64) *rig {
	t.Helper()
	data := simulator.Generate(simulator.Size{Apps: 2, Sessions: 12, Participants: 4, EventsPerParticipant: 3}, seed, at.Add(-10*24*time.Hour))
	r := newRig(t, data)
	r.must(everything, model.RunSucceeded)
	r.must(everything, model.RunSucceeded)
	if n := r.number(`SELECT count(*) FROM sync.session_states WHERE settled_at IS NULL`); n != 0 {
		t.Fatalf("%d sessions are not settled", n)
	}
	return r
}

// all digests what the tables of answers and of optional reads hold.
func (r *rig) all() string {
	r.t.Helper()
	return r.text(`SELECT string_agg(v, E'\n' ORDER BY v) FROM (
		SELECT 'day ' || (to_jsonb(t) - 'refreshed_at')::text FROM analytics.usage_days AS t UNION ALL
		SELECT 'preset ' || (to_jsonb(t) - '{refreshed_at,usage_id}'::text[])::text FROM analytics.usage_preset_days AS t UNION ALL
		SELECT 'figures ' || (to_jsonb(t) - 'derived_at')::text FROM analytics.session_figures AS t UNION ALL
		SELECT 'presence ' || to_jsonb(t)::text FROM analytics.presences AS t UNION ALL
		SELECT 'attendance ' || to_jsonb(t)::text FROM analytics.session_people AS t UNION ALL
		SELECT 'date ' || to_jsonb(t)::text FROM analytics.session_dates AS t UNION ALL
		SELECT 'person ' || (to_jsonb(t) - '{first_synced_at,synced_at,run_id}'::text[])::text FROM realtimekit.meeting_participants AS t UNION ALL
		SELECT 'meeting ' || (to_jsonb(t) - '{first_synced_at,synced_at,run_id}'::text[])::text FROM realtimekit.meetings AS t UNION ALL
		SELECT 'stats ' || (to_jsonb(t) - '{first_synced_at,synced_at,run_id}'::text[])::text FROM realtimekit.daily_stats AS t UNION ALL
		SELECT 'report ' || (to_jsonb(t) - '{first_synced_at,synced_at,run_id}'::text[])::text FROM realtimekit.peer_reports AS t UNION ALL
		SELECT 'complete ' || session_id FROM sync.session_states AS t WHERE complete_at IS NOT NULL AND settled_at IS NOT NULL) AS t (v)`)
}

// Rows that go without a word are noticed by the next run, which says so, and are read
// again by it or the one after; then all is as before. Each table is lost singly, and
// with what goes with it.
func TestRowsThatVanishAreReadAgain(t *testing.T) {
	t.Parallel()
	for name, lose := range sampling.Named(6, map[string]string{
		"participants":              `TRUNCATE realtimekit.participants CASCADE`,
		"events":                    `TRUNCATE realtimekit.peer_events`,
		"sessions":                  `TRUNCATE realtimekit.sessions CASCADE`,
		"meetings":                  `TRUNCATE realtimekit.meetings CASCADE`,
		"people":                    `TRUNCATE realtimekit.meeting_participants`,
		"daily counts":              `TRUNCATE realtimekit.daily_stats`,
		"peer reports":              `TRUNCATE realtimekit.peer_reports`,
		"all but the books":         `TRUNCATE realtimekit.apps CASCADE`,
		"session states":            `TRUNCATE sync.session_states`,
		"meeting states":            `TRUNCATE sync.meeting_states`,
		"how far apps were listed":  `TRUNCATE sync.app_states`,
		"states of endpoints":       `TRUNCATE sync.endpoint_states`,
		"all books of what is read": `TRUNCATE sync.session_states, sync.meeting_states, sync.app_states, sync.endpoint_states, sync.peer_report_states`,
		"where the check is":        `TRUNCATE sync.checks`,
		"days":                      `TRUNCATE analytics.usage_days`,
		"figures":                   `TRUNCATE analytics.session_figures`,
		"presences":                 `TRUNCATE analytics.session_presences`,
		"people of sessions":        `TRUNCATE analytics.session_people`,
		"days by preset":            `TRUNCATE analytics.usage_preset_days`,
		"dates of sessions":         `TRUNCATE analytics.session_dates`,
		"all usage":                 `TRUNCATE analytics.usage_days, analytics.usage_preset_days, analytics.session_dates, analytics.stale_sessions`,
		"a few participants":        `DELETE FROM realtimekit.peer_reports; DELETE FROM realtimekit.peer_events; DELETE FROM realtimekit.participants WHERE participant_id IN (SELECT participant_id FROM realtimekit.participants ORDER BY 1 LIMIT 3)`,
		"a session's own row":       `SET session_replication_role = replica; DELETE FROM realtimekit.sessions WHERE session_id = (SELECT session_id FROM realtimekit.sessions ORDER BY 1 LIMIT 1); RESET session_replication_role`,
		"a meeting's own row":       `SET session_replication_role = replica; DELETE FROM realtimekit.meetings WHERE meeting_id = (SELECT meeting_id FROM realtimekit.meetings ORDER BY 1 LIMIT 1); RESET session_replication_role`,
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := settled(t, 91)
			before := r.all()
			r.exec(lose)
			r.newLog()
			// Books that are read anew by themselves, and empty, are no loss.
			quiet := strings.Contains(name, "meeting states") || strings.Contains(name, "how far") || strings.Contains(name, "endpoints") || strings.Contains(name, "check")
			first, err := r.run(t.Context(), everything)
			if err != nil || !quiet && (first.Status != model.RunPartial || !first.Lost.Any() || !strings.Contains(r.log.String(), "rows that were stored are missing")) {
				t.Errorf("the first run ended %s with %+v: %v\n%s", first.Status, first.Lost, err, r.log)
			}
			second, err := r.run(t.Context(), everything)
			if err != nil {
				t.Fatal(err)
			}
			third := r.must(everything, model.RunSucceeded)
			if third.Lost.Any() || third.Totals.Read != 0 {
				t.Errorf("it does not come to rest: %+v, then %+v %+v", second.Lost, third.Lost, third.Totals)
			}
			r.exact(nil)
			if after := r.all(); after != before {
				t.Errorf("the warehouse is not as before (-before +after):\n%.2000s", cmp.Diff(strings.Split(before, "\n"), strings.Split(after, "\n")))
			}
		})
	}
}

// A full backfill mends all of it, days whose sessions have not changed included,
// and ends as a success.
func TestFullBackfillMendsWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, lose := range sampling.Named(1, map[string]string{
		"participants": `TRUNCATE realtimekit.participants CASCADE`,
		"usage":        `TRUNCATE analytics.usage_days, analytics.usage_preset_days, analytics.session_dates`,
		// No count tells this: the rows are there and are wrong.
		"stale usage": `UPDATE analytics.usage_days SET participants = participants + 1, vendor_minutes = 0`,
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := settled(t, 92)
			before := r.all()
			r.exec(lose)
			r.must(allHistory, model.RunSucceeded)
			r.must(everything, model.RunSucceeded) // peer reports
			if after := r.all(); after != before {
				t.Errorf("the warehouse is not as before (-before +after):\n%.2000s", cmp.Diff(strings.Split(before, "\n"), strings.Split(after, "\n")))
			}
		})
	}
}

// Rows that go on purpose are not missed: those of people who were erased, in either mode, and
// of sessions behind the retention horizon, with their days.
func TestWhatWasErasedIsNotMissing(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 8, Participants: 4, EventsPerParticipant: 3}, 93, at.Add(-10*24*time.Hour))
	for _, s := range data.Apps[0].Sessions[:3] {
		moveBack(s, 400*24*time.Hour)
	}
	r := newRig(t, data)
	r.privacy.Key = newKey(t, "first")
	r.must(everything, model.RunSucceeded)
	r.must(everything, model.RunSucceeded)
	custom := func(i int) []string { return []string{data.Apps[0].Sessions[0].Participants[i].CustomParticipantID} }
	quiet := func(after string) {
		t.Helper()
		if lost, err := inventory.New(r.protected()).FindLost(t.Context(), data.AccountID); err != nil || lost.Any() {
			t.Errorf("after %s it is missed: %+v, %v", after, lost, err)
		}
		if result := r.must(everything, model.RunSucceeded); result.Lost.Any() {
			t.Errorf("after %s a run misses it: %+v", after, result.Lost)
		}
	}
	if did := r.erase(erasure.Erasure{CustomIDs: custom(0), Mode: privacy.Remove}); did.Participants == 0 || did.MeetingParticipants == 0 {
		t.Fatalf("erased %+v", did)
	}
	quiet("erase")
	if did := r.erase(erasure.Erasure{CustomIDs: custom(1), Mode: privacy.Pseudonymise}); did.Participants == 0 || did.MeetingParticipants == 0 {
		t.Fatalf("pseudonymised %+v", did)
	}
	quiet("erase --pseudonymise")
	if did := r.retain(at.AddDate(0, 0, -300)); did.Sessions != 3 {
		t.Fatalf("retention deleted %+v", did)
	}
	quiet("retention")

	// And what was lost before an erasure is missed still.
	r.exec(`DELETE FROM realtimekit.peer_events WHERE event_id = (SELECT event_id FROM realtimekit.peer_events AS e
		JOIN realtimekit.participants AS p USING (session_id, participant_id) WHERE p.custom_participant_id = $1 LIMIT 1)`, custom(2)[0])
	r.erase(erasure.Erasure{CustomIDs: custom(3), Mode: privacy.Remove})
	if lost, err := inventory.New(r.protected()).FindLost(t.Context(), data.AccountID); err != nil || lost.Sessions != 1 {
		t.Errorf("one event was lost before an erasure, and found is %+v: %v", lost, err)
	}
}

// The migration counts what is there, so that a warehouse of an older version is as
// one of this; participants that had vanished by then are missed.
func TestUpgradeCountsWhatIsStored(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	r := settled(t, 94)
	upgrade := func(meanwhile string) {
		t.Helper()
		for r.number(`SELECT count(*) FROM pg_attribute WHERE attrelid = 'sync.session_states'::regclass AND attname = 'stored_events' AND NOT attisdropped`) > 0 {
			if _, err := postgres.MigrateDown(t.Context(), r.pool); err != nil {
				t.Fatal(err)
			}
		}
		r.exec(meanwhile)
		if _, err := postgres.MigrateUp(t.Context(), r.pool); err != nil {
			t.Fatal(err)
		}
		r.pool.Reset() // statements that were prepared before
	}
	upgrade(`SELECT`)
	r.sim.Reset()
	if result := r.must(everything, model.RunSucceeded); result.Lost.Any() || result.Totals.Read != 0 || r.requests(simulator.RouteMeetingParticipants) != 0 {
		t.Errorf("after the upgrade a run finds %+v missing, reads %d records and %d enrolments",
			result.Lost, result.Totals.Read, r.requests(simulator.RouteMeetingParticipants))
	}
	upgrade(`TRUNCATE realtimekit.participants CASCADE`)
	if result := r.must(everything, model.RunPartial); result.Lost.Sessions != 12 {
		t.Errorf("participants of 12 sessions had vanished before the upgrade, and found is %+v", result.Lost)
	}
	r.exact(nil)
}
