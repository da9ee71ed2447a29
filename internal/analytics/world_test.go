package analytics_test

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Times of a world are whole ticks of 30 seconds from base; the UTC midnight is
// tick 30. Few of them make ties and overlaps frequent.
const (
	baseText = "2026-03-10 23:45:00+00"
	tick     = 30 * time.Second
	midnight = 30
	none     = math.MinInt
)

var base = time.Date(2026, 3, 10, 23, 45, 0, 0, time.UTC)

// session, participant and event are rows as the loader stores them.
type session struct {
	id, app, status, meeting     string
	started, ended, created      int
	read, synced                 int // read: none where there is no state row
	complete                     bool
	minutes, peak                int // none is null
	repaired                     bool
	participants                 []*participant
	rejected, distinct, announce int
}

type participant struct {
	id, user, custom, name, preset string
	joined, left, created, removed int
	repaired                       bool
	events                         []event
}

type event struct {
	id, name, peer, view string
	at                   int
	repaired             bool
}

func uuid(kind string, n int) string { return fmt.Sprintf("%s-0000-4000-8000-%012x", kind, n) }

func sorted(lines []string) []string {
	lines = slices.Clone(lines)
	slices.Sort(lines)
	return lines
}

func (db *database) at(ticks int) any {
	if ticks == none {
		return nil
	}
	return db.base.Add(time.Duration(ticks) * tick)
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func numberOrNull(n int) any {
	if n == none {
		return nil
	}
	return n
}

func repairs(yes bool) any {
	if yes {
		return `{"left_at": "soon"}`
	}
	return nil
}

// store writes the sessions into the tables and queues them for the refresh, as
// the ledger of a run does.
func (db *database) store(sessions ...*session) {
	db.t.Helper()
	var s, st, p, e, r, read [][]any
	for _, x := range sessions {
		read = append(read, []any{1, x.id, "complete", 1})
		s = append(s, []any{x.id, x.app, orNull(x.meeting), orNull(x.status), numberOrNull(x.peak), numberOrNull(x.minutes), db.at(x.started), db.at(x.ended), db.at(x.created), repairs(x.repaired), db.base, db.at(x.synced), 1})
		if x.read != none {
			var complete any
			if x.complete {
				complete = db.base
			}
			st = append(st, []any{x.id, x.app, orNull(x.status), db.at(x.created), db.at(x.read), complete, x.distinct, x.announce, 1})
		}
		for i := range x.rejected {
			r = append(r, []any{"peer_event", x.app, x.id, fmt.Sprint(i), "reason", "secret raw text", db.base, db.base, 1})
		}
		for _, y := range x.participants {
			p = append(p, []any{x.id, y.id, orNull(y.user), orNull(y.custom), orNull(y.name), orNull(y.preset), db.at(y.joined), db.at(y.left), db.at(y.created), db.at(y.removed), repairs(y.repaired), db.base, db.base, 1})
			for _, z := range y.events {
				e = append(e, []any{x.id, y.id, z.id, orNull(z.name), orNull(z.peer), orNull(z.view), db.at(z.at), repairs(z.repaired), db.base, db.base, 1})
			}
		}
	}
	db.exec(`INSERT INTO realtimekit.apps (app_id, account_id, name, first_synced_at, synced_at, run_id)
		SELECT a, 'account', 'App ' || a, now(), now(), 1 FROM unnest('{a,b}'::text[]) AS a ON CONFLICT DO NOTHING`)
	db.exec(`INSERT INTO sync.runs (run_id, account_id, kind, started_at, program_version)
		OVERRIDING SYSTEM VALUE VALUES (1, 'account', 'run', now(), 'test') ON CONFLICT DO NOTHING`)
	db.exec(`INSERT INTO realtimekit.meetings (app_id, meeting_id, first_synced_at, synced_at, run_id)
		SELECT a, 'm' || n, now(), now(), 1 FROM unnest('{a,b}'::text[]) AS a, generate_series(0, 150) AS n ON CONFLICT DO NOTHING`)
	synced := []string{"first_synced_at", "synced_at", "run_id"}
	db.copy("realtimekit", "sessions", append([]string{"session_id", "app_id", "meeting_id", "status", "max_concurrent_participants", "minutes_consumed", "started_at", "ended_at", "created_at", "repairs"}, synced...), s)
	db.copy("realtimekit", "participants", append([]string{"session_id", "participant_id", "user_id", "custom_participant_id", "display_name", "preset_name", "joined_at", "left_at", "created_at", "removed_at", "repairs"}, synced...), p)
	db.copy("realtimekit", "peer_events", append([]string{"session_id", "participant_id", "event_id", "event_name", "peer_id", "preset_view_type", "created_at", "repairs"}, synced...), e)
	db.copy("sync", "session_states", []string{"session_id", "app_id", "status", "created_at", "read_at", "complete_at", "distinct_participants", "announced_participants", "run_id"}, st)
	db.copy("sync", "rejected_records", []string{"entity", "app_id", "session_id", "record_key", "reason", "raw_text", "first_seen_at", "last_seen_at", "run_id"}, r)
	db.copy("sync", "run_sessions", []string{"run_id", "session_id", "outcome", "rows_inserted"}, read)
}

func (db *database) copy(schema, table string, columns []string, rows [][]any) {
	db.t.Helper()
	if _, err := db.conn.CopyFrom(db.t.Context(), pgx.Identifier{schema, table}, columns, pgx.CopyFromRows(rows)); err != nil {
		db.t.Fatalf("copy into %s.%s: %v", schema, table, err)
	}
}
