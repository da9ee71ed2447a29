package postgres_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// Every numbered column of the three schemas is known from the catalogue, also one
// that a later migration makes, or one with a name that must be quoted.
func TestIdentitiesBehind(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	exec := func(sql string) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	behind := func() string {
		t.Helper()
		list, unseen, err := postgres.IdentitiesBehind(t.Context(), pool)
		if err != nil || len(unseen) > 0 {
			t.Fatalf("unseen %v: %v", unseen, err)
		}
		var names []string
		for i := range list {
			names = append(names, list[i].String())
		}
		return strings.Join(names, " ")
	}
	exec(`CREATE TABLE realtimekit."Odd'Table" ("The Id" integer GENERATED ALWAYS AS IDENTITY (INCREMENT BY 10) PRIMARY KEY)`)
	exec(`INSERT INTO realtimekit."Odd'Table" DEFAULT VALUES; INSERT INTO realtimekit."Odd'Table" DEFAULT VALUES`)
	exec(`INSERT INTO sync.runs (account_id, kind, started_at, program_version) SELECT 'a', 'run', now(), 't' FROM generate_series(1, 9)`)
	exec(`INSERT INTO analytics.prices (valid_from, price_per_minute, currency) VALUES ('2026-01-01', 1, 'EUR')`)
	if got := behind(); got != "" {
		t.Fatalf("in order, and said to be behind: %s", got)
	}
	// As a promoted replica has them, in part, and as RESTART WITH leaves them.
	exec(`ALTER TABLE realtimekit."Odd'Table" ALTER "The Id" RESTART; ALTER TABLE analytics.prices ALTER price_id RESTART`)
	exec(`ALTER TABLE sync.runs ALTER run_id RESTART WITH 9; SELECT setval('sync.schema_migrations_id_seq', 1)`)
	all := `analytics.prices.price_id realtimekit."Odd'Table"."The Id" sync.runs.run_id sync.schema_migrations.id`
	if got := behind(); got != naming.Text(all) {
		t.Fatalf("behind are\n%s, want\n%s", got, all)
	}
	list, _, err := postgres.IdentitiesBehind(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	exec(`BEGIN; ` + postgres.SetIdentities(list) + `; COMMIT`)
	if got := behind(); got != "" {
		t.Errorf("after the statement that doctor gives, behind are %s", got)
	}
	exec(`ALTER TABLE sync.runs ALTER run_id RESTART WITH 1`)
	mended, left, err := postgres.MendIdentities(t.Context(), pool)
	if err != nil || len(mended) != 1 || len(left) != 0 || mended[0].Next != 1 || mended[0].Highest != 9 {
		t.Errorf("mended %+v, left %+v: %v", mended, left, err)
	}
	exec(`INSERT INTO sync.runs (account_id, kind, started_at, program_version) VALUES ('a', 'run', now(), 't')`)
	if mended, left, err := postgres.MendIdentities(t.Context(), pool); err != nil || len(mended)+len(left) != 0 {
		t.Errorf("again mended %+v, left %+v: %v", mended, left, err)
	}
}
