package postgres_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

func run(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%v in %.200s", err, sql)
	}
}

func expect(t *testing.T, pool *pgxpool.Pool, sql string, want ...string) {
	t.Helper()
	got := strings.Join(pgtest.Texts(t, pool, sql), "\n")
	if wanted := strings.Join(want, "\n"); got != wanted {
		t.Errorf("%s\ngives\n%s\nwant\n%s", sql, got, wanted)
	}
}

// Views are commented as tables are.
func TestViewsAreCommented(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	expect(t, pool, `SELECT c.relname || coalesce('.' || a.attname, '')
		FROM pg_class AS c
		LEFT JOIN LATERAL (SELECT attnum, attname FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0
		                   UNION ALL SELECT 0, NULL) AS a ON true
		WHERE c.relnamespace = 'analytics'::regnamespace AND c.relname IN ('no_shows', 'reconciliation', 'call_quality')
		  AND coalesce(col_description(c.oid, a.attnum), obj_description(c.oid, 'pg_class'), '') = ''`)
	expect(t, pool, `SELECT attrelid::regclass || '.' || attname FROM pg_attribute
		WHERE attrelid IN ('analytics.no_shows'::regclass, 'analytics.reconciliation'::regclass, 'analytics.call_quality'::regclass)
		  AND attnum > 0 AND col_description(attrelid, attnum) IS NULL`)
}

// What was set aside of the new kinds goes with the step back.
func TestEnrolmentCanBeTakenBack(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	run(t, pool, `INSERT INTO sync.rejected_records (entity, record_key, reason, raw_text, first_seen_at, last_seen_at, run_id)
		VALUES ('meeting', 'a', 'r', '{}', now(), now(), 1), ('session', 'b', 'r', '{}', now(), now(), 1)`)
	for last := ""; !strings.HasPrefix(last, "00004"); {
		done, err := postgres.MigrateDown(t.Context(), pool)
		if err != nil || len(done) != 1 {
			t.Fatalf("took back %v: %v", done, err)
		}
		last = done[0].Name
	}
	expect(t, pool, `SELECT entity FROM sync.rejected_records`, "session")
	if _, err := postgres.MigrateUp(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
}

// lesson numbers stand for ids; all lie on 2026-11-20.
const school = `
	INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('app', 'acc', now(), now(), 1);
	INSERT INTO realtimekit.meetings (app_id, meeting_id, first_synced_at, synced_at, run_id) VALUES ('app', 'algebra', now(), now(), 1);
	INSERT INTO realtimekit.sessions (session_id, app_id, meeting_id, status, started_at, ended_at, first_synced_at, synced_at, run_id)
	SELECT ('00000000-0000-4000-8000-00000000000' || n)::uuid, 'app', 'algebra', CASE n WHEN 3 THEN 'LIVE' ELSE 'ENDED' END,
	       '2026-11-20 08:00+00'::timestamptz + n * interval '1 hour',
	       CASE WHEN n <> 3 THEN '2026-11-20 08:50+00'::timestamptz + n * interval '1 hour' END, now(), now(), 1
	FROM generate_series(1, 4) AS n;
	INSERT INTO sync.session_states (session_id, app_id, complete_at, run_id)
	SELECT session_id, app_id, CASE WHEN status = 'ENDED' THEN now() END, 1 FROM realtimekit.sessions;`

func TestNoShows(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	run(t, pool, school)
	run(t, pool, `
		INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, custom_participant_id, display_name,
			created_at, removed_at, last_listed_at, first_synced_at, synced_at, run_id)
		SELECT 'app', 'algebra', id, custom, id, created::timestamptz, removed::timestamptz, listed::timestamptz, now(), now(), 1
		FROM (VALUES
			('always',  NULL,   '2026-09-01', NULL, NULL),
			('never',   NULL,   NULL,         NULL, NULL),
			('custom',  'c-1',  '2026-09-01', NULL, NULL),   -- came under the customer's id only
			('lobby',   NULL,   '2026-09-01', NULL, NULL),   -- waited, was not let in
			('event',   NULL,   '2026-09-01', NULL, NULL),   -- joined by its events, though not by its row
			('late',    NULL,   '2026-11-20 10:20+00', NULL, NULL),                          -- enrolled during the second lesson
			('removed', NULL,   '2026-09-01', '2026-11-20 12:00+00', '2026-11-20 09:30+00')) -- last seen on the list after the first
			AS p (id, custom, created, removed, listed);
		INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, joined_at, first_synced_at, synced_at, run_id)
		SELECT ('00000000-0000-4000-8000-00000000000' || n)::uuid, gen_random_uuid(), id, custom, joined::timestamptz, now(), now(), 1
		FROM (VALUES (1, 'always', NULL, '2026-11-20 09:00+00'), (1, 'always', NULL, '2026-11-20 09:10+00'), (2, 'always', NULL, '2026-11-20 10:00+00'),
			(3, 'always', NULL, '2026-11-20 11:00+00'), (1, 'other', 'c-1', '2026-11-20 09:01+00'), (1, 'lobby', NULL, NULL),
			(2, 'event', NULL, NULL)) AS p (n, id, custom, joined);
		INSERT INTO realtimekit.peer_events (session_id, participant_id, event_id, event_name, created_at, first_synced_at, synced_at, run_id)
		SELECT session_id, participant_id, gen_random_uuid(), CASE user_id WHEN 'event' THEN 'PEER_JOINING' ELSE 'PEER_CREATED' END, '2026-11-20 10:05+00', now(), now(), 1
		FROM realtimekit.participants WHERE user_id IN ('event', 'lobby');
		UPDATE sync.session_states SET read_at = '2026-11-20 11:30+00';
		INSERT INTO analytics.settings (app_id, least_lesson_people, longest_gap_seconds) VALUES ('app', 0, 0);
		INSERT INTO analytics.stale_sessions (session_id) SELECT session_id FROM realtimekit.sessions`)
	run(t, pool, `SELECT analytics.refresh(500)`)
	list := `SELECT right(session_id::text, 1) || ': ' || string_agg(person_id || CASE WHEN was_in_waiting_room THEN ' (waited)' ELSE '' END
		|| ' ' || meeting_sessions_attended, ', ' ORDER BY person_id) || CASE WHEN bool_and(is_final) THEN '' ELSE ', so far' END
		|| CASE WHEN bool_and(nobody_came) THEN ', nobody' ELSE '' END
		FROM analytics.no_shows GROUP BY session_id ORDER BY session_id`
	expect(t, pool, list,
		"1: event 1, lobby (waited) 0, never 0, removed 0",
		"2: c-1 1, late 0, lobby 0, never 0",
		"3: c-1 1, event 1, late 0, lobby 0, never 0, so far",
		"4: always 3, c-1 1, event 1, late 0, lobby 0, never 0, nobody")
}

func TestReconciliation(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	run(t, pool, `
		INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) SELECT a, 'acc', now(), now(), 1 FROM unnest('{app,bare,unread}'::text[]) AS a;
		INSERT INTO realtimekit.sessions (session_id, app_id, session_type, status, started_at, ended_at, minutes_consumed, first_synced_at, synced_at, run_id)
		SELECT gen_random_uuid(), app, kind, status, started::timestamptz, ended::timestamptz, total, now(), now(), 1
		FROM (VALUES
			('app', 'meeting', 'ENDED', '2026-11-10 09:00+00', '2026-11-10 10:00+00', 60.0),
			('app', 'participant', 'ENDED', '2026-11-10 09:00+00', '2026-11-10 10:00+00', 30.0),
			('app', 'meeting', 'ENDED', '2026-11-11 23:30+00', '2026-11-12 00:30+00', 10.0),
			('app', 'meeting', 'ENDED', '2026-11-13 01:00+02', '2026-11-13 01:59+02', 5.0),  -- the 12th in UTC
			('app', 'meeting', 'LIVE', '2026-11-14 09:00+00', NULL, 1.0),
			('app', 'meeting', 'ENDED', '2026-11-15 09:00+00', '2026-11-15 10:00+00', 7.0),
			('app', 'meeting', 'ENDED', '2026-11-16 09:00+00', '2026-11-16 10:00+00', 8.0),
			('app', 'meeting', 'ENDED', '2026-11-20 09:00+00', '2026-11-20 10:00+00', 8.0),
			('unread', 'meeting', 'ENDED', '2026-11-10 09:00+00', '2026-11-10 10:00+00', 8.0)) AS s (app, kind, status, started, ended, total);
		INSERT INTO sync.session_states (session_id, app_id, complete_at, run_id)
		SELECT session_id, app_id, now(), 1 FROM realtimekit.sessions;
		INSERT INTO realtimekit.daily_stats (app_id, stats_date, total_sessions, total_session_minutes, first_synced_at, synced_at, run_id)
		VALUES ('app', '2026-11-09', 1, 3, now(), now(), 1), ('app', '2026-11-10', 2, 90.015, now(), now(), 1),
		       ('app', '2026-11-11', 1, 5, now(), now(), 1), ('app', '2026-11-12', 1, 5, now(), now(), 1),
		       ('app', '2026-11-14', 1, 3, now(), now(), 1), ('app', '2026-11-15', 2, 7, now(), now(), 1),
		       ('app', '2026-11-17', 1, 7, now(), now(), 1), ('bare', '2026-11-17', 1, 7, now(), now(), 1);
		INSERT INTO sync.endpoint_states (app_id, endpoint, asked_at, read_at, covered_from, run_id)
		VALUES ('app', 'daywise', now(), '2026-11-20 08:00+00', '2026-11-09', 1), ('bare', 'daywise', now(), '2026-11-20 08:00+00', '2026-11-09', 1)`)
	run(t, pool, `SET TIME ZONE 'Pacific/Auckland'`) // a day is one of UTC, wherever the reader is
	expect(t, pool, `SELECT concat_ws(' ', app_id, to_char(stats_date, 'DD'), our_sessions, coalesce(vendor_sessions::text, '?'), our_minutes,
		coalesce(vendor_minutes::text, '?'), coalesce(minutes_difference::text, '?'), status, our_breakout_sessions, sessions_over_midnight, open_sessions)
		FROM analytics.reconciliation ORDER BY app_id, stats_date`,
		"app 09 0 1 0 3 -3 not_loaded 0 0 0",
		"app 10 2 2 90 90.015 -0.015 agrees 1 0 0",
		"app 11 1 1 10 5 5 differs 0 1 0",
		"app 12 1 1 5 5 0 agrees 0 0 0",
		"app 14 1 1 1 3 -2 pending 0 0 1",
		"app 15 1 2 7 7 0 differs 0 0 0",
		"app 16 1 0 8 0 8 differs 0 0 0",
		"app 17 0 1 0 7 -7 differs 0 0 0",
		"app 20 1 0 8 0 8 pending 0 0 0",
		"bare 17 0 1 0 7 -7 not_loaded 0 0 0",
		"unread 10 1 ? 8 ? ? not_read 0 0 0")
}

func TestCallQuality(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	run(t, pool, school)
	run(t, pool, `
		INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, display_name, joined_at, duration_minutes, first_synced_at, synced_at, run_id)
		SELECT '00000000-0000-4000-8000-000000000001', ('10000000-0000-4000-8000-00000000000' || n)::uuid, usr, custom, name, joined::timestamptz, length, now(), now(), 1
		FROM (VALUES (1, 'mira', 'c', 'Mira', '2026-11-20 09:00+00', 30.0), (2, 'mira', 'c', 'Mira (phone)', '2026-11-20 09:05+00', 10.0),
			(3, NULL, 'd', 'Dan', '2026-11-20 09:00+00', NULL), (4, NULL, NULL, NULL, NULL, NULL)) AS p (n, usr, custom, name, joined, length);
		INSERT INTO realtimekit.peer_reports (session_id, participant_id, peer_id, audio_sent_mos, audio_sent_rtt, video_received_mos,
			os_name, os_version, is_mobile, country, first_synced_at, synced_at, run_id)
		SELECT session_id, participant_id, participant_id, mos, rtt, video, os, version, mobile, r.country, now(), now(), 1
		FROM realtimekit.participants JOIN (VALUES
			('1', 4.0, 100.0, NULL, 'Windows', '11', false, 'DE'), ('2', 2.0, NULL, 1.5, 'iOS', NULL, true, 'DE'),
			('3', 3.0, NULL, NULL, NULL, NULL, NULL, NULL), ('4', NULL, NULL, NULL, NULL, NULL, NULL, NULL))
			AS r (n, mos, rtt, video, os, version, mobile, country) ON right(participant_id::text, 1) = r.n`)
	expect(t, pool, `SELECT concat_ws('|', person_id, custom_participant_id, display_name, reports, audio_sent_mos, audio_sent_rtt,
		video_received_mos, worst_mos, operating_systems, countries, used_mobile) FROM analytics.call_quality ORDER BY person_id`,
		"10000000-0000-4000-8000-000000000004|1",
		"c|c|Mira|2|3.5|100|1.5|1.5|Windows 11, iOS|DE|t",
		"d|d|Dan|1|3|3") // one second's weight at the least
}
