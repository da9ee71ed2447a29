package analytics_test

import (
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

// twoPresets stores half an hour of u1, who changes presets, and of a machine by its name that
// has an own id and the user_id u1. It is queued.
func (db *database) twoPresets(session string, hour int) {
	db.t.Helper()
	db.stay(session, 1, hour, "student", "u1")
	db.exec(`INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, display_name, preset_name, joined_at, left_at, run_id)
		SELECT s.session_id, gen_random_uuid(), w.user_id, w.custom, w.name, 'host', s.started_at, s.ended_at, 1
		FROM realtimekit.sessions AS s, (VALUES (NULL, 'u1', NULL), ('u1', 'own', 'Ana')) AS w (user_id, custom, name) WHERE s.session_id = md5($1)::uuid`, session)
	db.derive(session)
}

const (
	byOwnID = `INSERT INTO analytics.settings (app_id, machine_names) VALUES ('a', '{Ana}')
		ON CONFLICT (app_id, meeting_id) DO UPDATE SET person_by = NULL, machine_names = excluded.machine_names`
	byUserID = `UPDATE analytics.settings SET person_by = 'user_id', machine_names = NULL`
)

// Settings that change while sessions wait to be derived by them count nobody for whom no
// session was ever derived.
func TestSettingsOfAMomentLeaveNoID(t *testing.T) {
	t.Parallel()
	t.Run("of a session that waits", func(t *testing.T) {
		t.Parallel()
		db := newDatabase(t)
		db.stay("first", 1, 8, "student", "own")
		db.twoPresets("second", 9)
		db.exec(byOwnID)
		db.refresh(10)
		db.wantDay(`(2,2,"host 1, student 2")`)
		db.stay("first", 1, 8, "student", "X")
		db.exec(byUserID)
		for db.number(`SELECT count(*) FROM analytics.stale_sessions WHERE session_id = md5('first')::uuid`) > 0 {
			db.number(`SELECT analytics.refresh(1)`)
		}
		db.exec(byOwnID)
		db.refresh(10)
		db.wantDay(`(2,2,"host 1, student 2")`)
	})
	t.Run("of one that is being counted", func(t *testing.T) {
		t.Parallel()
		url := pgtest.New(t)
		db, other, third := connectAt(t, url, base), connectAt(t, url, base), connectAt(t, url, base)
		db.exec(`INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id) VALUES ('a', 'account', now(), now(), 1)`)
		db.exec(byOwnID)
		db.stay("first", 1, 8, "student", "X")
		db.twoPresets("second", 9)
		db.stay("second", 1, 9, "student", "Y") // leaves people that are no more
		db.twoPresets("second", 9)
		// It waits for these, by then it has taken its sessions.
		third.exec(`BEGIN; SELECT FROM analytics.stale_people FOR UPDATE`)
		db.whileRefreshWaits(other, third, func() { db.exec(byUserID) })
		db.exec(byOwnID)
		db.refresh(10)
		db.wantDay(`(2,2,"host 1, student 2")`)
	})
}
