package load_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/testbed"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// usageTables are what is kept of days.
var usageTables = []string{"session_dates", "shared_person_days", "usage_curves", "usage_ids", "usage_days", "usage_preset_days"}

// usageRows gives the rows of each, numbers without zeros at their ends: a sum of numerics has
// as many as one of its parts had.
func usageRows(b *testbed.Bench) map[string][]string {
	rows := map[string][]string{}
	for _, table := range usageTables {
		text := b.Text(`SELECT coalesce(string_agg(line, E'\n' ORDER BY line COLLATE "C"), '') FROM (
			SELECT regexp_replace((to_jsonb(t) - '{refreshed_at,usage_id}'::text[])::text, '(?:(\.\d*[1-9])|\.)0+([,}])', '\1\2', 'g') AS line FROM analytics.` + table + ` AS t) AS t`)
		rows[table] = strings.Split(text, "\n")
	}
	return rows
}

// Days of which nothing is counted yet are counted by the program, and come out as the
// function counts them, over random sessions at the midnights of three time zones, of people
// of several devices, presets and ids. What the program is to leave to the function it does.
func TestNewDaysAreCountedAsTheFunctionCountsThem(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	b := testbed.New(t)
	pgtest.Exec(t, b.Pool, `INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id)
			SELECT app, 'account', now(), now(), 1 FROM unnest('{app,users,machines,doubles,kiwis}'::text[]) AS app;
		INSERT INTO analytics.settings (app_id, person_by, nobody_ids, machine_presets, machine_names)
			VALUES ('users', 'user_id', '{u3}', NULL, NULL), ('doubles', 'user_id', NULL, NULL, NULL), ('machines', NULL, '{}', '{Zed}', '{Ana}')`)
	const sessions, later = 480, 120
	for n := range sessions {
		b.MustLoad(crowdedSession(rng, n))
	}
	requeue := `INSERT INTO analytics.stale_sessions (session_id, started_at, is_derived) SELECT session_id, started_at, true FROM realtimekit.sessions`
	pgtest.Exec(t, b.Pool, `UPDATE analytics.settings SET time_zone = CASE app_id WHEN 'users' THEN 'Asia/Kolkata' ELSE 'America/New_York' END;
		SELECT analytics.derive(array_agg(session_id)) FROM realtimekit.sessions;
		TRUNCATE analytics.stale_sessions, analytics.stale_people; `+requeue)
	db := warehouse.New(b.Pool, slog.New(slog.DiscardHandler))
	function := b.Text(`SELECT pg_get_functiondef('analytics.refresh'::regproc)`)
	pgtest.Exec(t, b.Pool, `CREATE OR REPLACE FUNCTION analytics.refresh(max_sessions integer DEFAULT 500) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN
		IF EXISTS (SELECT 1 FROM analytics.stale_sessions) THEN RAISE EXCEPTION 'asked'; END IF;
		RETURN 0;
	END$$`)
	if n, err := db.RefreshAnalytics(t.Context()); err != nil || n != sessions {
		t.Fatal(n, err)
	}
	pgtest.Exec(t, b.Pool, function)
	counted := usageRows(b)
	recount := func() {
		pgtest.Exec(t, b.Pool, `TRUNCATE analytics.`+strings.Join(usageTables, ", analytics."))
		pgtest.Exec(t, b.Pool, requeue)
		for b.Text(`SELECT analytics.refresh(1000)::text`) != "0" {
		}
	}
	recount()
	sameRows(t, 12, usageRows(b), counted) // days of three apps, by chance fewer than 20
	if got := b.Text(`SELECT string_agg(DISTINCT seconds::text, ' ' ORDER BY seconds::text) FROM analytics.usage_curves WHERE is_leaf`); got != "1 3600 60 86400" {
		t.Error("leaves of curves are not of all widths: ", got)
	}

	// Days that are counted already, of another zone, or half deleted; sessions that moved to a
	// new day, as somebody changed by hand or as the loader does, or are gone; and new days
	// among all that.
	pgtest.Exec(t, b.Pool, `INSERT INTO analytics.settings (app_id, time_zone) VALUES ('kiwis', 'Pacific/Auckland');
		DELETE FROM analytics.usage_days WHERE app_id = 'users' AND usage_date = '2026-03-11';
		UPDATE realtimekit.sessions SET started_at = started_at + interval '9 days', created_at = created_at + interval '9 days', ended_at = ended_at + interval '9 days'
			WHERE session_id IN (SELECT session_id FROM realtimekit.sessions ORDER BY session_id LIMIT 30);
		SELECT analytics.derive(array_agg(session_id)) FROM (SELECT session_id FROM realtimekit.sessions ORDER BY session_id LIMIT 15) AS s;
		INSERT INTO analytics.stale_sessions (session_id, is_derived) SELECT session_id, row_number() OVER (ORDER BY session_id) <= 15 FROM realtimekit.sessions ORDER BY session_id LIMIT 40;
		CREATE TABLE public.gone AS SELECT session_id FROM realtimekit.sessions ORDER BY session_id OFFSET 40 LIMIT 10;
		DELETE FROM realtimekit.peer_events WHERE session_id IN (SELECT session_id FROM public.gone);
		DELETE FROM realtimekit.participants WHERE session_id IN (SELECT session_id FROM public.gone);
		DELETE FROM realtimekit.sessions WHERE session_id IN (SELECT session_id FROM public.gone)`)
	for n := range later {
		session, page := crowdedSession(rng, sessions+n)
		if n%4 == 0 {
			session.AppID = "kiwis"
		}
		move(&session, &page, func(at time.Time) time.Time { return at.AddDate(0, 0, n%3) })
		b.MustLoad(session, page)
	}
	if _, err := db.RefreshAnalytics(t.Context()); err != nil {
		t.Fatal(err)
	}
	counted = usageRows(b)
	recount()
	delete(counted, "usage_curves") // which branch as they grow
	anew := usageRows(b)
	delete(anew, "usage_curves")
	sameRows(t, 20, anew, counted)
}

// crowdedSession is a random session of one of four apps. Two of these have many steps of
// many moments, for curves with leaves of hours, minutes and seconds.
func crowdedSession(rng *rand.Rand, n int) (model.Session, model.ParticipantPage) {
	session, page := randomSession(rng, n)
	session.AppID = []string{"app", "users", "machines", "users", "machines"}[n%5]
	if n%10 == 0 { // of people with several ids that nobody has elsewhere
		session.AppID = "doubles"
		for i := range page.Participants {
			page.Participants[i].CustomParticipantID += fmt.Sprintf("-%d-%d", n, i)
		}
	}
	move(&session, &page, func(at time.Time) time.Time {
		begin := at.Add(-12 * time.Hour).Truncate(24 * time.Hour).Add(23*time.Hour + 45*time.Minute)
		switch session.AppID {
		case "users":
			at = begin.Add(at.Sub(begin)/4 + time.Duration(n)*time.Microsecond - 5*time.Hour - 20*time.Minute) // ten minutes after midnight in India
		case "machines":
			at = begin.Add(at.Sub(begin)/500 + time.Duration(n)*time.Microsecond + 5*time.Hour + 15*time.Minute - 3*24*time.Hour) // midnight before New York's 23 hours
		}
		return at
	})
	return session, page
}

// move gives all moments of a session another place.
func move(s *model.Session, page *model.ParticipantPage, to func(time.Time) time.Time) {
	all := []*time.Time{&s.StartedAt, &s.EndedAt, &s.CreatedAt}
	for i := range page.Participants {
		all = append(all, &page.Participants[i].JoinedAt, &page.Participants[i].LeftAt)
	}
	for i := range page.Events {
		all = append(all, &page.Events[i].CreatedAt)
	}
	for _, at := range all {
		if !at.IsZero() {
			*at = to(*at)
		}
	}
}
