package analytics_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/naming"
)

// plan is a node of what EXPLAIN (ANALYZE, FORMAT JSON) gives.
type plan struct {
	Node     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Removed  float64 `json:"Rows Removed by Filter"`
	Unjoined float64 `json:"Rows Removed by Join Filter"`
	Loops    float64 `json:"Actual Loops"`
	Plans    []plan
}

// read sums up, by table, the rows that a plan read, and lists tables that it
// read from end to end.
func (p *plan) read(rows map[string]float64, scanned map[string]bool) {
	if p.Relation != "" && p.Loops > 0 {
		rows[p.Relation] += (p.Rows + p.Removed) * p.Loops
		if p.Node == "Seq Scan" {
			scanned[p.Relation] = true
		}
	}
	for i := range p.Plans {
		p.Plans[i].read(rows, scanned)
	}
}

// passed counts the rows that go through all nodes of a plan.
func (p *plan) passed() float64 {
	rows := (p.Rows + p.Removed + p.Unjoined) * p.Loops
	for i := range p.Plans {
		rows += p.Plans[i].passed()
	}
	return rows
}

func (db *database) explain(sql string) (rows map[string]float64, scanned map[string]bool) {
	db.t.Helper()
	rows, scanned = map[string]float64{}, map[string]bool{}
	db.planOf(sql).read(rows, scanned)
	return rows, scanned
}

// planOf runs a query and gives its plan, with what went through it.
func (db *database) planOf(sql string) *plan {
	db.t.Helper()
	var text string
	if err := db.conn.QueryRow(db.t.Context(), `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) `+sql).Scan(&text); err != nil {
		db.t.Fatalf("%s: %v", sql, err)
	}
	var plans []struct{ Plan plan }
	if err := json.Unmarshal([]byte(text), &plans); err != nil {
		db.t.Fatal(err)
	}
	return &plans[0].Plan
}

// crowd fills the tables with 400 sessions of ten participants and five
// events each, a session every hour.
const crowd = `
	INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('a', 'account', now(), now(), 1);
	INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, first_synced_at, synced_at, run_id)
	SELECT md5(n::text)::uuid, 'a', 'ENDED', t, t + interval '1 hour', now(), now(), 1
	FROM generate_series(1, 400) AS n, LATERAL (SELECT timestamptz '2026-01-01Z' + n * interval '1 hour' AS t) AS t;
	INSERT INTO sync.session_states (session_id, app_id, status, complete_at, run_id)
	SELECT session_id, 'a', 'ENDED', now(), 1 FROM realtimekit.sessions;
	INSERT INTO realtimekit.participants (session_id, participant_id, user_id, joined_at, left_at, first_synced_at, synced_at, run_id)
	SELECT session_id, md5(session_id::text || i)::uuid, 'u' || i, started_at, ended_at, now(), now(), 1
	FROM realtimekit.sessions, generate_series(1, 10) AS i;
	INSERT INTO realtimekit.peer_events (session_id, participant_id, event_id, event_name, created_at, first_synced_at, synced_at, run_id)
	SELECT session_id, participant_id, md5(participant_id::text || k)::uuid,
	       (ARRAY['PEER_CREATED', 'PEER_JOINING', 'PEER_LEAVING', 'PEER_JOINING', 'PEER_LEAVING'])[k], joined_at + k * interval '1 minute', now(), now(), 1
	FROM realtimekit.participants, generate_series(1, 5) AS k;
	INSERT INTO analytics.stale_sessions SELECT session_id FROM realtimekit.sessions;
	ANALYZE`

// TestPlansReadOneSession asks each view for one session, and for six hours
// of sessions, out of 2,000: no table may be read from end to end, and no more
// rows than those of the sessions, times the few passes that a view makes.
func TestPlansReadOneSession(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	const sessions = 2000 // of a few hundred, reading all of a table costs least
	for statement := range strings.SplitSeq(strings.Replace(crowd, "(1, 400)", "(1, "+strconv.Itoa(sessions)+")", 1), ";\n") {
		db.exec(statement)
	}
	db.refresh(500)
	db.exec(`ANALYZE`)
	const passes = 4
	for _, name := range []string{
		"session_bounds", "participant_intervals", "person_presence", "person_attendance", "session_concurrency", "session_concurrency_minutely",
		"session_drop_off", "join_latency", "rejoins", "person_overlap", "session_summary", "data_quality",
	} {
		db.bounded(name, passes, `SELECT * FROM analytics.`+name+` WHERE session_id = md5('200')::uuid`)
		day := `SELECT v.* FROM realtimekit.sessions AS s JOIN analytics.` + name + ` AS v USING (session_id)
			WHERE s.started_at >= timestamptz '2026-01-10Z' AND s.started_at < timestamptz '2026-01-10T06:00Z'`
		if name == "data_quality" { // three views in one, which a join cannot restrict
			day = `SELECT * FROM analytics.data_quality
				WHERE started_at >= timestamptz '2026-01-10Z' AND started_at < timestamptz '2026-01-10T06:00Z'`
		}
		db.bounded(name+" of a morning", 6*passes, day)
	}
	db.joined("session_bounds", "starts_at")
	db.joined("session_summary", "starts_at")
	db.joined("person_attendance", "session_starts_at")
	if rows, _ := db.explain(`SELECT * FROM analytics.session_bounds`); rows["session_figures"] < sessions {
		t.Errorf("the plans are misread: all sessions are %v rows", rows)
	}
	rows, _ := db.explain(`SELECT * FROM analytics.daily_usage WHERE usage_date BETWEEN '2026-01-05' AND '2026-01-14'`)
	if rows["participants"]+rows["peer_events"]+rows["sessions"] > 0 || rows["usage_days"] < 10 || rows["usage_days"] > sessions/20 {
		t.Errorf("ten days' usage read %v", rows)
	}
	rows, _ = db.explain(`SELECT * FROM analytics.concurrency_hourly WHERE usage_date BETWEEN '2026-01-05' AND '2026-01-14'`)
	if rows["usage_curves"] != 10 || rows["session_figures"]+rows["session_presences"]+rows["session_people"] > 0 {
		t.Errorf("ten days' hours read %v, want a curve per day", rows)
	}
	rows, scanned := db.explain(`SELECT * FROM analytics.people_between('2026-01-10Z', '2026-01-10 06:00Z')`)
	if rows["session_figures"] != 6 || rows["session_people"] != 60 || scanned["session_people"] || scanned["session_figures"] {
		t.Errorf("the people of six sessions of ten are read from %v, from end to end %v", rows, scanned)
	}
}

// TestFindingsOfARangeReadItsSessions has 2,000 sessions, each with a rejected record,
// every tenth incomplete and short of an erased person: a morning's findings are read from
// the states and rejected records of its six sessions, an app's sessions without the others.
func TestFindingsOfARangeReadItsSessions(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.exec(`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('a', 'account', now(), now(), 1), ('b', 'account', now(), now(), 1)`)
	db.exec(`INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, created_at, first_synced_at, synced_at, run_id)
		SELECT md5(n::text)::uuid, CASE n % 100 WHEN 0 THEN 'b' ELSE 'a' END, 'ENDED', t, t + interval '1 hour', t, now(), now(), 1
		FROM generate_series(1, 2000) AS n, LATERAL (SELECT timestamptz '2026-01-01Z' + n * interval '1 hour' AS t) AS t`)
	db.exec(`INSERT INTO sync.session_states (session_id, app_id, status, created_at, complete_at, erased_participants, run_id)
		SELECT session_id, app_id, 'ENDED', created_at, CASE WHEN n % 10 <> 0 THEN now() END, (n % 10 = 0)::integer, 1
		FROM (SELECT *, row_number() OVER (ORDER BY started_at) AS n FROM realtimekit.sessions) AS s`)
	db.exec(`INSERT INTO sync.rejected_records (entity, app_id, session_id, record_key, reason, raw_text, first_seen_at, last_seen_at, run_id)
		SELECT 'participant', app_id, session_id, 'k', 'no id', repeat('{}', 500), now(), now(), 1 FROM sync.session_states`)
	db.exec(`SELECT analytics.derive(array_agg(session_id)) FROM realtimekit.sessions`)
	db.exec(`ANALYZE`)
	const findings = `SELECT * FROM analytics.data_quality WHERE app_id = 'a' AND started_at >= timestamptz '2026-01-10Z' AND started_at < timestamptz '2026-01-10T06:00Z'`
	rows, _ := db.explain(findings)
	for _, table := range []string{"session_states", "rejected_records", "sessions", "session_figures"} {
		if rows[table] > 3*6 {
			t.Errorf("the findings of six sessions read %v rows of %s", rows[table], table)
		}
	}
	if n := db.number(`SELECT count(*) FROM (` + findings + `) AS f`); n < 6 {
		t.Errorf("%d findings of a morning, want one per session at least", n)
	}
	rows, scanned := db.explain(`SELECT * FROM analytics.session_bounds WHERE app_id = 'b'`)
	if rows["session_figures"] != 20 || scanned["session_figures"] {
		t.Errorf("the 20 sessions of an app are read from %v, from end to end %v", rows, scanned)
	}
}

// TestFindingsOfAnAppReadItsSessions has 20 apps of 200 sessions, five on each day. Of every
// tenth a record was rejected, and as many were not read completely: one app's day is read
// without the sessions of the others.
func TestFindingsOfAnAppReadItsSessions(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.exec(`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) SELECT 'a' || n, 'account', now(), now(), 1 FROM generate_series(0, 19) AS n`)
	db.exec(`INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, created_at, first_synced_at, synced_at, run_id)
		SELECT md5(n::text)::uuid, 'a' || n % 20, 'ENDED', t, t + interval '1 hour', t, now(), now(), 1
		FROM generate_series(0, 3999) AS n, LATERAL (SELECT timestamptz '2026-01-01Z' + n / 100 * interval '1 day' + n % 100 * interval '10 minutes' AS t) AS t`)
	db.exec(`INSERT INTO sync.session_states (session_id, app_id, status, created_at, complete_at, erased_participants, run_id)
		SELECT session_id, app_id, 'ENDED', created_at, CASE WHEN n % 10 < 9 THEN now() END, (n % 10 = 0)::integer, 1
		FROM (SELECT *, row_number() OVER (ORDER BY app_id, started_at) AS n FROM realtimekit.sessions) AS s`)
	db.exec(`INSERT INTO sync.rejected_records (entity, app_id, session_id, record_key, reason, raw_text, first_seen_at, last_seen_at, run_id)
		SELECT 'participant', app_id, session_id, 'k', 'no id', '{}', now(), now(), 1 FROM sync.session_states WHERE complete_at IS NULL`)
	db.exec(`SELECT analytics.derive(array_agg(session_id)) FROM realtimekit.sessions`)
	db.exec(`VACUUM (ANALYZE)`)
	db.markVisible("realtimekit.sessions", "sync.session_states", "sync.rejected_records", "analytics.session_figures")
	const findings = `SELECT * FROM analytics.data_quality WHERE app_id = 'a7' AND started_at >= timestamptz '2026-01-10Z' AND started_at < timestamptz '2026-01-11Z'`
	// The twenty apps; five sessions with their figures, one incomplete and one with somebody
	// erased; the app's open records, with their sessions at most.
	if n := db.readRows(findings); n > 20+5*2+2+20*2 {
		t.Errorf("an app's day reads %d rows", n)
	}
	if n := db.number(`SELECT count(*) FROM (` + findings + `) AS f`); n < 2 {
		t.Errorf("%d findings of a day, want two at least", n)
	}
}

// markVisible vacuums tables until their rows can be read from an index alone: whoever has a
// snapshot from before the rows, or holds a page, keeps VACUUM from saying so.
func (db *database) markVisible(tables ...string) {
	db.t.Helper()
	for range 1000 {
		db.exec(`VACUUM ` + strings.Join(tables, ", "))
		if db.number(`SELECT count(*) FROM pg_class WHERE oid = ANY ($1::text[]::regclass[]) AND relallvisible < relpages`, tables) == 0 {
			return
		}
	}
	db.t.Fatalf("not all rows of %v become visible to all", tables)
}

// A register is put together in a few passes over its people, however many they are: of four
// times as many, four times as many rows go through the plan. Each lesson has a quarter of
// its people absent, and as many who are not enrolled.
func TestRegisterGoesOverItsPeopleOnce(t *testing.T) {
	t.Parallel()
	var passed []float64
	for _, people := range []int{40, 160} {
		db := newDatabase(t)
		db.exec(`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('a', 'account', now(), now(), 1)`)
		db.exec(`INSERT INTO realtimekit.meetings (app_id, meeting_id, first_synced_at, synced_at, run_id) SELECT 'a', 'm' || n, now(), now(), 1 FROM generate_series(1, 20) AS n`)
		db.exec(`INSERT INTO realtimekit.sessions (session_id, app_id, meeting_id, status, started_at, ended_at, first_synced_at, synced_at, run_id)
			SELECT md5(n::text)::uuid, 'a', 'm' || n, 'ENDED', '2026-01-10 10:00Z', '2026-01-10 11:00Z', now(), now(), 1 FROM generate_series(1, 20) AS n`)
		db.exec(`INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, joined_at, left_at, run_id)
			SELECT session_id, md5(session_id::text || i)::uuid, 'u' || i, 'c' || i, started_at, ended_at, 1 FROM realtimekit.sessions, generate_series(1, $1) AS i`, people)
		db.exec(`INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, custom_participant_id, created_at, last_listed_at, first_synced_at, synced_at, run_id)
			SELECT app_id, meeting_id, 'u' || i, 'c' || i, '2026-01-01Z', now(), now(), now(), 1 FROM realtimekit.meetings, generate_series($1 / 4 + 1, $1 + $1 / 4) AS i`, people)
		db.exec(`SELECT analytics.derive(array_agg(session_id)) FROM realtimekit.sessions`)
		db.exec(`ANALYZE`)
		p := db.planOf(`SELECT DISTINCT status FROM analytics.register`)
		passed = append(passed, p.passed()/float64(20*people))
		if n := db.number(`SELECT count(*) FROM analytics.register WHERE is_enrolled AND is_present`); n != 20*people*3/4 {
			t.Errorf("%d enrolled people came, want %d", n, 20*people*3/4)
		}
	}
	t.Logf("rows that go through the plan per person: %.1f", passed)
	if passed[0] > 70 || passed[1] > passed[0]*1.3 {
		t.Errorf("per person %.1f rows go through the plan, of lessons of 40 and 160 people", passed)
	}
}

// TestRefreshReadsItsBatchOnly has a queue of 20,000 sessions, the oldest last:
// a batch reads the rows that it takes, in the order of the sessions.
func TestRefreshReadsItsBatchOnly(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for statement := range strings.SplitSeq(crowd, ";\n") {
		db.exec(statement)
	}
	db.exec(`DELETE FROM analytics.stale_sessions`)
	db.exec(`INSERT INTO analytics.stale_sessions (session_id, started_at)
		SELECT md5(n::text)::uuid, timestamptz '2026-01-01Z' + n * interval '1 hour' FROM generate_series(20000, 1, -1) AS n`)
	const read = `SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relid = 'analytics.stale_sessions'::regclass`
	db.exec(`BEGIN`) // what a transaction reads is counted apart
	before := db.number(read)
	if n := db.number(`SELECT analytics.refresh(24)`); n != 24 {
		t.Errorf("%d sessions were taken, want 24", n)
	}
	if n := db.number(read) - before; n > 100 {
		t.Errorf("a batch of 24 sessions read %d rows of the queue", n)
	}
	if n := db.number(`SELECT coalesce(max(usage_date) - date '2026-01-01', 99) FROM analytics.usage_days`); n > 1 {
		t.Errorf("a batch of a day's sessions reaches %d days further", n)
	}
	db.exec(`COMMIT`)
	// Each change is a row of its own; the triggers know when the session began.
	db.exec(`DELETE FROM analytics.stale_sessions`)
	db.exec(`DELETE FROM realtimekit.peer_events WHERE session_id = md5('7')::uuid`)
	db.exec(`DELETE FROM realtimekit.participants WHERE session_id = md5('7')::uuid`)
	db.want("queue", db.lines(`SELECT q.started_at = s.started_at FROM analytics.stale_sessions AS q JOIN realtimekit.sessions AS s USING (session_id)`), []string{"(t)", "(t)"})
	if n := db.refresh(500); n != 1 {
		t.Errorf("%d sessions refreshed, want 1", n)
	}
}

// bounded fails unless a query reads at most so many times a session's 10
// participants and 50 events.
func (db *database) bounded(name string, sessions float64, sql string) {
	db.t.Helper()
	rows, scanned := db.explain(sql)
	if rows["participants"] > 10*sessions || rows["peer_events"] > 50*sessions {
		db.t.Errorf("%s reads %v", name, rows)
	}
	if scanned["participants"] || scanned["peer_events"] {
		db.t.Errorf("%s reads a whole table: %v", name, scanned)
	}
}

// joined joins a view with each other one, by session and, where both have one, by
// person, and restricts it to a morning: nothing of other sessions is read.
func (db *database) joined(view, column string) {
	db.t.Helper()
	for _, other := range []string{
		"session_bounds", "participant_intervals", "person_presence", "person_attendance", "session_concurrency", "session_concurrency_minutely",
		"session_drop_off", "join_latency", "rejoins", "person_overlap", "session_summary",
	} {
		key := "session_id"
		if view == "person_attendance" && db.number(`SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = 'person_id'`, naming.Real("analytics."+other)) > 0 {
			key += ", person_id"
		}
		if other == view {
			continue
		}
		name := view + " joined with " + other
		rows, scanned := db.explain(`SELECT * FROM analytics.` + view + ` AS v JOIN analytics.` + other + ` AS o USING (` + key + `)
			WHERE v.` + column + ` >= timestamptz '2026-01-10Z' AND v.` + column + ` < timestamptz '2026-01-10T06:00Z'`)
		for table, most := range map[string]float64{"session_people": 60 * 20, "participants": 60 * 11, "session_presences": 6 * 3, "peer_events": 300 * 3} {
			if rows[table] > most || scanned[table] {
				db.t.Errorf("%s reads %v, from end to end %v", name, rows, scanned)
			}
		}
		if other == "person_overlap" && view == "session_summary" {
			db.read3(name, rows, 6*45)
		}
	}
}

// read3 fails where a question reads more than three rows per row of its answer.
func (db *database) read3(name string, rows map[string]float64, answer float64) {
	db.t.Helper()
	all := 0.0
	for _, n := range rows {
		all += n
	}
	if all > 3*answer {
		db.t.Errorf("%s reads %v for %v rows", name, rows, answer)
	}
}
