package analytics_test

import (
	"fmt"
	"testing"
)

// busyDay fills one day of an app with so many sessions of ten people. Every
// session has somebody of its own hundred in common with others: the person and
// the custom id are in four sessions of the day. All are queued.
func (db *database) busyDay(sessions int) {
	db.t.Helper()
	db.exec(`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('a', 'account', now(), now(), 1) ON CONFLICT DO NOTHING`)
	db.exec(`INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, minutes_consumed, first_synced_at, synced_at, run_id)
		SELECT md5(n::text)::uuid, 'a', 'ENDED', t, t + interval '30 minutes', n % 7, now(), now(), 1
		FROM generate_series(1, $1) AS n, LATERAL (SELECT timestamptz '2026-01-01Z' + n * interval '23 hours' / $1 AS t) AS t`, sessions)
	db.exec(`INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, preset_name, joined_at, left_at, run_id)
		SELECT md5(n::text)::uuid, md5(n || ' ' || i)::uuid, CASE i WHEN 1 THEN 'teacher ' || n / 4 ELSE 'pupil ' || n || ' ' || i END,
		       CASE i WHEN 1 THEN 'T' || n / 4 ELSE 'P' || n || '-' || i END, CASE i WHEN 1 THEN 'host' ELSE 'student' END,
		       s.started_at + i * interval '7.3 seconds', s.ended_at - i * interval '11.1 seconds', 1
		FROM generate_series(1, $1) AS n, generate_series(1, 10) AS i, realtimekit.sessions AS s WHERE s.session_id = md5(n::text)::uuid`, sessions)
	db.exec(`INSERT INTO analytics.stale_sessions (session_id, started_at) SELECT session_id, started_at FROM realtimekit.sessions`)
}

// The first refresh of a busy day reads for its last sessions what it reads for the
// first: the sessions of the batch, not those that were counted before.
func TestFirstRefreshOfABusyDayIsLinear(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.busyDay(600)
	var rows []int
	for range 12 {
		rows = append(rows, db.readRows(`SELECT analytics.refresh(50)`))
	}
	t.Logf("rows of each batch: %v", rows)
	if n := db.number(`SELECT sessions_active FROM analytics.usage_days`); n != 600 {
		t.Errorf("%d sessions are counted, want 600", n)
	}
	// Fifty sessions of ten people, read a few times over, and the nodes of a curve that
	// gets deeper. Were the whole day read, it would be six times as many.
	if last := rows[len(rows)-1]; last > rows[1]*3/2 || last > 50*10*30 {
		t.Errorf("the last batch reads %d rows, the second %d", last, rows[1])
	}
}

// TestChangedPeopleAreCountedOnce has a session that was left open for a week, with all
// its people inside. Whatever then changes for all of them costs what goes with people
// and days, not with their square.
func TestChangedPeopleAreCountedOnce(t *testing.T) {
	t.Parallel()
	const id = `session_id = md5('open')::uuid`
	changes := []struct{ name, sql string }{
		{"they come again", `UPDATE realtimekit.participants SET joined_at = joined_at + interval '1 minute' WHERE ` + id},
		{"with other ids", `UPDATE realtimekit.participants SET custom_participant_id = 'X' || custom_participant_id WHERE ` + id},
		{"in other presets", `UPDATE realtimekit.participants SET preset_name = 'student ' || custom_participant_id WHERE ` + id},
		{"in another app", `UPDATE realtimekit.sessions SET app_id = 'b' WHERE ` + id},
		{"for an hour only", `WITH s AS (UPDATE realtimekit.sessions SET ended_at = '2026-02-01 11:00Z' WHERE ` + id + `)
			UPDATE realtimekit.participants SET left_at = '2026-02-01 11:00Z' WHERE ` + id},
		{"nobody", `DELETE FROM realtimekit.participants WHERE ` + id},
	}
	reads := make([][]int, len(changes))
	for _, people := range []int{20, 100} {
		db := newDatabase(t)
		db.busyDay(300)
		db.exec(`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('b', 'account', now(), now(), 1)`)
		db.refresh(500)
		db.exec(`ANALYZE`)
		db.exec(`INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, first_synced_at, synced_at, run_id)
			VALUES (md5('open')::uuid, 'a', 'ENDED', '2026-02-01 10:00Z', '2026-02-08 10:00Z', now(), now(), 1)`)
		db.exec(`INSERT INTO realtimekit.participants (session_id, participant_id, custom_participant_id, joined_at, left_at, run_id)
			SELECT session_id, md5(n::text)::uuid, 'L' || n, started_at, ended_at, 1 FROM realtimekit.sessions, generate_series(1, $1) AS n WHERE `+id, people)
		const queue = `INSERT INTO analytics.stale_sessions (session_id) VALUES (md5('open')::uuid)`
		db.exec(queue)
		db.refresh(500)
		const ids = `SELECT count(*) FROM analytics.usage_ids WHERE usage_date >= '2026-02-01'`
		if n := db.number(ids); n != 8*people {
			t.Fatalf("%d ids are counted on eight days, want %d", n, 8*people)
		}
		for i, change := range changes {
			db.exec(change.sql)
			db.exec(queue)
			reads[i] = append(reads[i], db.readRows(`SELECT analytics.refresh(500)`))
		}
		if n := db.number(ids); n != 0 {
			t.Errorf("%d ids are counted where nobody was", n)
		}
	}
	for i, n := range reads {
		t.Logf("%s: %v rows", changes[i].name, n)
		if n[1] > 5*n[0]*13/10 {
			t.Errorf("%s: of 20 and 100 people, %v rows are read", changes[i].name, n)
		}
	}
}

// readRows gives how many rows a statement reads of all tables.
func (db *database) readRows(sql string) int {
	db.t.Helper()
	const read = `SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables WHERE schemaname IN ('realtimekit', 'analytics', 'sync')`
	db.exec(`BEGIN`)
	before := db.number(read)
	db.exec(sql)
	rows := db.number(read) - before
	db.exec(`COMMIT`)
	return rows
}

const usageOfDay = `SELECT usage_date, app_id, sessions_started, sessions_active, unique_people, unique_custom_ids, participants, person_seconds, participant_seconds,
	vendor_minutes, peak_people, peak_participants FROM analytics.daily_usage`

// A changed session reads its own rows, its people's in other sessions of the day,
// and the parts of the day's curve that it changes, however many sessions the
// day has: fewer than 200 rows beside what it reads in a day of its own. And the day
// is the same as one that is counted from the beginning.
func TestChangedSessionReadsNotItsDay(t *testing.T) {
	t.Parallel()
	reads := map[string][]int{}
	for _, sessions := range []int{1, 100, 1000} {
		db := newDatabase(t)
		db.busyDay(sessions)
		db.refresh(500)
		db.exec(`ANALYZE`)
		id := fmt.Sprintf("md5('%d')::uuid", max(sessions/2, 1))
		own := `INSERT INTO analytics.stale_sessions (session_id) VALUES (` + id + `)`
		for _, change := range []struct{ name, sql string }{
			{"later", `UPDATE realtimekit.participants SET joined_at = joined_at + interval '61 seconds' WHERE session_id = ` + id},
			{"without a participant", `DELETE FROM realtimekit.participants WHERE session_id = ` + id + ` AND user_id LIKE 'teacher%'`},
			{"on another day", `UPDATE realtimekit.sessions SET started_at = started_at + interval '1 day', ended_at = ended_at + interval '1 day' WHERE session_id = ` + id},
			{"with its people", `UPDATE realtimekit.participants SET joined_at = joined_at + interval '1 day', left_at = left_at + interval '1 day' WHERE session_id = ` + id},
		} {
			db.exec(change.sql)
			db.exec(`DELETE FROM analytics.stale_sessions`)
			db.exec(own)
			reads[change.name] = append(reads[change.name], db.readRows(`SELECT analytics.refresh(500)`))
			if sessions != 100 {
				continue
			}
			got := db.lines(usageOfDay)
			db.exec(`BEGIN`)
			db.exec(`DELETE FROM analytics.usage_days`)
			db.exec(`INSERT INTO analytics.stale_sessions (session_id) SELECT session_id FROM realtimekit.sessions`)
			db.exec(`SELECT analytics.refresh(1000000)`)
			db.want(change.name, got, db.lines(usageOfDay))
			db.exec(`ROLLBACK`)
		}
	}
	for change, n := range reads {
		t.Logf("%s: %v rows", change, n)
		if alone := n[0]; n[1] >= alone+200 || n[2] >= alone+200 || n[2] > n[1]*13/10 {
			t.Errorf("%s: %d rows are read in a day of one session, %d of 100, %d of 1,000", change, alone, n[1], n[2])
		}
	}
}
