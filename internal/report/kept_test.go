package report_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/report"
	store "github.com/rollcall-etl/rollcall/internal/warehouse"
)

// TestRangeOfDeletedSessions has a session of an hour in app a and, two days later, one in
// app b, with somebody of the same id in both, and a price for app a alone. Then retention
// deletes the first. The page is that of a role that may only read.
func TestRangeOfDeletedSessions(t *testing.T) {
	t.Parallel()
	in, out := "2024-03-10 10:00Z", "2024-03-10 11:00Z"
	pool := byHand(t, in, out, presence{"u1", "stu-1", "Ann", in, out}, presence{"u2", "stu-2", "Bob", in, out})
	for _, sql := range []string{
		`INSERT INTO realtimekit.apps (app_id, account_id, name, first_synced_at, synced_at, run_id) VALUES ('b', 'account', 'b', now(), now(), 1)`,
		`INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, created_at, first_synced_at, synced_at, run_id)
			SELECT gen_random_uuid(), 'b', status, started_at + interval '2 days', ended_at + interval '2 days', created_at + interval '2 days', now(), now(), 1 FROM realtimekit.sessions`,
		`INSERT INTO sync.session_states (session_id, app_id, status, created_at, read_at, complete_at, settled_at, run_id)
			SELECT session_id, app_id, status, created_at, now(), now(), now(), 1 FROM realtimekit.sessions WHERE app_id = 'b'`,
		`INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, display_name, joined_at, left_at, first_synced_at, synced_at, run_id)
			SELECT s.session_id, gen_random_uuid(), p.user_id, p.custom_participant_id, p.display_name, s.started_at, s.ended_at, now(), now(), 1
			FROM realtimekit.sessions AS s CROSS JOIN realtimekit.participants AS p WHERE s.app_id = 'b' AND p.user_id = 'u1'`,
		`INSERT INTO analytics.prices (app_id, valid_from, price_per_minute, currency) VALUES ('a', '2024-01-01', 0.01, 'EUR')`,
	} {
		pgtest.Exec(t, pool, sql)
	}
	changedByHand(t, pool)
	day := func(d int) time.Time { return time.Date(2024, 3, d, 0, 0, 0, 0, time.UTC) }
	first, both := report.Span{From: day(9), To: day(11)}, report.Span{From: day(9), To: day(13)}
	reader := reading(t, pool)
	const passed, deleted = "All checks passed.", "retention deleted sessions of these days"
	says(t, reader, "all", both, []string{
		"Sessions2", "Different people3", "Person-hours3.0", "Participant-minutes180.0", "Cost, EUR1.20", passed,
		"The cost leaves out 60.0 participant-minutes, for which analytics.prices has no price.",
	}, []string{deleted})
	says(t, reader, "all that has a price", first, []string{"Sessions1", "Different people2", "Cost, EUR1.20"}, []string{"leaves out"})
	db := store.New(pool, slog.New(slog.DiscardHandler))
	counts, err := erasure.New(db).Retain(t.Context(), "account", day(11), false, func(erasure.RetentionCounts) {})
	if err != nil || counts.Sessions != 1 {
		t.Fatalf("%+v: %v", counts, err)
	}
	says(t, reader, "half of it deleted", both, []string{
		"Sessions2", "Different people–", "Person-hours3.0", "Cost, EUR1.20", deleted, "1 is still stored",
		"The checks found nothing in the sessions that are still stored.",
	}, []string{passed})
	says(t, reader, "all of it deleted", first, []string{
		"Sessions1", "Different people–", "Person-hours2.0", deleted, "0 are still stored", "No session that began in the range is stored; rollcall retention deleted",
		"so there was none to check",
	}, []string{passed, "sessions which began before"})
	says(t, reader, "the app that lost none", report.Span{From: both.From, To: both.To, App: "b"}, []string{"Sessions1", "Different people1", passed}, []string{deleted})
}

// says looks for texts on the page of a range.
func says(t *testing.T, pool *pgxpool.Pool, name string, span report.Span, has, lacks []string) {
	t.Helper()
	text := rangePage(t, pool, span, "").text()
	for _, want := range has {
		if !strings.Contains(text, want) {
			t.Errorf("%s: no %q on the page: %s", name, want, text)
		}
	}
	for _, other := range lacks {
		if strings.Contains(text, other) {
			t.Errorf("%s: %q is on the page: %s", name, other, text)
		}
	}
}

// reading gives connections as the role of rollcall reader.
func reading(t *testing.T, pool *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	config := pool.Config()
	role := "reader of " + config.ConnConfig.Database
	if _, err := postgres.EnsureReader(t.Context(), pool, postgres.Role{Name: role}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // roles belong to the whole server
		name := pgx.Identifier{role}.Sanitize()
		if _, err := pool.Exec(context.WithoutCancel(t.Context()), `DROP OWNED BY `+name+`; DROP ROLE `+name); err != nil {
			t.Error(err)
		}
	})
	config.ConnConfig.RuntimeParams["role"] = role
	reader, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reader.Close)
	if who := pgtest.Text(t, reader, `SELECT current_user::text`); who != role {
		t.Fatalf("the reader is %s", who)
	}
	return reader
}
