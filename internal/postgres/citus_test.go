package postgres_test

import (
	"slices"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// onCoordinator are the tables with a session_id that stay with the coordinator, and why.
var onCoordinator = map[string]string{
	"sync.run_sessions":            "the ledger of runs, by run",
	"sync.rejected_records":        "of any entity, some of no session",
	"sync.backfills":               "the queue of a backfill",
	"sync.verifications":           "the queue of a verification",
	"sync.session_jobs":            "the queue of the workers, by number",
	"sync.webhook_events":          "the inbox, by event",
	"analytics.session_dates":      "what the usage by day counts over sessions",
	"analytics.stale_sessions":     "a queue",
	"analytics.stale_people":       "what the usage by day counts over sessions",
	"analytics.shared_person_days": "the same",
}

// What rollcall distribute places fits the schema that the migrations made, and Citus's
// rules as far as the catalogue can tell.
func TestPlacedTablesFitTheSchema(t *testing.T) {
	t.Parallel()
	pool := impatient(t, pgtest.New(t))
	names, by := postgres.PlacedTables()
	for rule, broken := range map[string]string{
		"a unique key has the column that rows are spread by": `SELECT i.indexrelid::regclass::text FROM pg_index AS i JOIN placed AS p ON p.tab = i.indrelid
			WHERE i.indisunique AND p.by = 'session_id' AND NOT EXISTS (
				SELECT FROM pg_attribute AS a WHERE a.attrelid = p.tab AND a.attname = 'session_id' AND a.attnum = ANY (i.indkey))`,
		"no trigger but ours, which goes": `SELECT t.tgname::text FROM pg_trigger AS t JOIN placed AS p ON p.tab = t.tgrelid
			WHERE NOT t.tgisinternal AND t.tgname <> 'queue_deleted_rows'`,
	} {
		found := pgtest.Texts(t, pool, `WITH placed AS (SELECT t.name::regclass AS tab, t.by FROM unnest($1::text[], $2::text[]) AS t (name, by)) `+broken, names, by)
		if len(found) > 0 {
			t.Errorf("not so that %s: %v", rule, found)
		}
	}
	for _, table := range pgtest.Texts(t, pool, `SELECT a.attrelid::regclass::text FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE a.attname = 'session_id' AND c.relkind = 'r' AND n.nspname IN ('realtimekit', 'sync', 'analytics') ORDER BY 1`) {
		if !slices.Contains(names, table) && onCoordinator[naming.Plain(table)] == "" {
			t.Errorf("%s has rows of sessions: place it in placement.go, or say in onCoordinator why it stays on the coordinator", table)
		}
	}
	keys := pgtest.Texts(t, pool, `SELECT k.conrelid::regclass || ' (' || (SELECT string_agg(a.attname, ', ' ORDER BY o.n) FROM unnest(k.conkey) WITH ORDINALITY AS o (num, n)
			JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = o.num) || ') to ' || k.confrelid::regclass
		FROM pg_constraint AS k WHERE k.contype = 'f' AND k.conrelid = ANY ($1::text[]::regclass[]) AND k.confrelid = ANY ($1::text[]::regclass[])
		  AND k.confdeltype = 'a' AND k.confupdtype = 'a' ORDER BY 1`, names)
	kept := postgres.PlacedKeys()
	slices.Sort(kept)
	slices.Sort(keys)
	if !slices.Equal(keys, kept) {
		t.Errorf("keys between the placed tables: %v, kept are %v", keys, kept)
	}
}
