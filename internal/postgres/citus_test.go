package postgres_test

import (
	"os"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

// citusStandIn notes which table goes where, and refuses what Citus' manual says
// that it refuses while a table is moved. It is no Citus: the rules that can be
// read from the catalogue are all that is tried here.
const citusStandIn = `
CREATE TABLE placed (tab regclass PRIMARY KEY, col text);
CREATE FUNCTION create_distributed_table(tab regclass, col text, colocate_with text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = tab AND NOT tgisinternal) THEN
		RAISE EXCEPTION '% has triggers', tab;
	END IF;
	INSERT INTO placed VALUES (tab, col);
END $$;
CREATE FUNCTION create_reference_table(tab regclass) RETURNS void LANGUAGE sql AS 'SELECT create_distributed_table(tab, NULL)';`

// The commands of docs/scaling.md fit the schema, and what they leave keeps to
// the rules.
func TestCitusCommandsFitTheSchema(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(page), "```sql\n")
	block, _, _ = strings.Cut(block, "```")
	commands := strings.Replace(block, "CREATE EXTENSION IF NOT EXISTS citus;", citusStandIn, 1)
	pool := impatient(t, pgtest.New(t)) // whose search_path finds what stands in for Citus
	before := pgtest.Texts(t, pool, foreignKeys)
	if _, err := pool.Exec(t.Context(), commands); err != nil {
		t.Fatal(err)
	}
	for rule, broken := range map[string]string{
		"a unique key has the distribution column": `SELECT indexrelid::regclass::text FROM pg_index i JOIN placed p ON p.tab = i.indrelid
			WHERE indisunique AND col IS NOT NULL AND NOT EXISTS (
				SELECT FROM pg_attribute a WHERE a.attrelid = p.tab AND attname = col AND attnum = ANY (indkey))`,
		"a foreign key leads to a reference table, or within a shard": `SELECT conname::text FROM pg_constraint c
			LEFT JOIN placed f ON f.tab = conrelid LEFT JOIN placed t ON t.tab = confrelid
			WHERE contype = 'f' AND (f.tab IS NOT NULL OR t.tab IS NOT NULL)
			  AND NOT coalesce(t.tab IS NOT NULL AND t.col IS NULL AND f.tab IS NOT NULL, false)
			  AND NOT coalesce((SELECT array_position(conkey, attnum) FROM pg_attribute WHERE attrelid = f.tab AND attname = f.col)
			                 = (SELECT array_position(confkey, attnum) FROM pg_attribute WHERE attrelid = t.tab AND attname = t.col), false)`,
		"every table with a session's rows is placed": `SELECT attrelid::regclass::text FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
			WHERE attname = 'session_id' AND relkind = 'r' AND relnamespace = 'realtimekit'::regnamespace
			  AND attrelid NOT IN (SELECT tab FROM placed)`,
	} {
		if found := pgtest.Texts(t, pool, broken); len(found) > 0 {
			t.Errorf("not so that %s: %v", rule, found)
		}
	}
	if after := pgtest.Texts(t, pool, foreignKeys+` AND connamespace = 'realtimekit'::regnamespace`); len(after) < 7 || len(after) > len(before) {
		t.Errorf("foreign keys of the data before: %v, after: %v", before, after)
	}
}

const foreignKeys = `SELECT conname::text FROM pg_constraint WHERE contype = 'f'`
