package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// Each kind of error of the server has a sentence of its own; what the server says of
// objects is kept, what it says of rows is not.
func TestAdvice(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	raise := func(code string) string {
		return `DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '` + code + `', DETAIL = 'told by the server'; END $$`
	}
	for statement, want := range map[string]string{
		`DROP TABLE sync.runs`:                                           "drop that first, and make it again afterwards: ",
		`CREATE SCHEMA sync`:                                             "a schema of this name is there already",
		`CREATE TABLE sync.runs (x int)`:                                 "was not made by Rollcall: rename it",
		`SELECT * FROM sync.nothing`:                                     "run rollcall migrate up",
		`SELECT * FROM sync.runs_102301`:                                 "a part of a table is not on its node",
		`SELECT nextval('sync.runs_run_id_seq') FROM pg_catalog.nothing`: "run rollcall migrate up",
		raise("0A000"):                                                   "PostgreSQL 15 to 18 can: told by the server",
		raise("25P03"):                                                   "idle_in_transaction_session_timeout",
		raise("25P04"):                                                   "transaction_timeout",
		raise("53300"):                                                   "of many accounts --account names fewer: told by the server",
		raise("55000"):                                                   "in the state that it is in: told by the server",
		raise("57P05"):                                                   "idle_session_timeout",
		raise("57014"):                                                   "longer than ten minutes",
		raise("XX000"):                                                   "see the server's log",
		raise("23505"):                                                   "",
	} {
		_, err := pool.Exec(t.Context(), statement)
		got := postgres.Advice(err)
		if err == nil || want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s gave %v, advice %q, want %q", statement, err, got, want)
		}
	}
}

// A pooler may answer without a code.
func TestAdviceOnAnErrorWithoutACode(t *testing.T) {
	t.Parallel()
	if got := postgres.Advice(&pgconn.PgError{Message: "no more connections allowed"}); got != "" {
		t.Errorf("advice %q", got)
	}
}

// A trigger of somebody else on one of our tables is told as such, and nobody is sent to look
// for tables of Rollcall.
func TestAdviceOnATriggerOfSomebodyElse(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.New(t))
	for body, want := range map[string]string{
		`INSERT INTO audit VALUES (1)`: "names in the function need their schema",
		`PERFORM audited(1)`:           "names in the function need their schema",
		`RAISE EXCEPTION 'not today'`:  "a function of somebody else that a trigger on a table of Rollcall calls",
		`PERFORM 1 / 0`:                "let its owner mend it, or take the trigger away",
	} {
		run(t, pool, `CREATE OR REPLACE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN `+body+`; RETURN NULL; END $$;
			CREATE OR REPLACE TRIGGER note AFTER INSERT ON analytics.prices FOR EACH ROW EXECUTE FUNCTION public.note()`)
		_, err := pool.Exec(t.Context(), `INSERT INTO analytics.prices (valid_from, price_per_minute, currency) VALUES ('2026-01-01', 1, 'EUR')`)
		if got := postgres.Advice(err); !strings.Contains(got, "this comes from public.note, ") || !strings.Contains(got, want) {
			t.Errorf("%s gave %v, advice %q, want %q", body, err, got, want)
		}
	}
	_, err := pool.Exec(t.Context(), `SELECT analytics.derive(NULL, NULL)`) // ours
	if got := postgres.Advice(err); strings.Contains(got, "somebody else") {
		t.Errorf("%v: %q", err, got)
	}
	_, err = pool.Exec(t.Context(), `INSERT INTO analytics.settings (app_id, time_zone) VALUES ('a', 'nowhere')`)
	if got := postgres.Advice(err); err == nil || strings.Contains(got, "somebody else") {
		t.Errorf("%v: %q", err, got)
	}
}

// Where nobody answers, or nobody is let in, the sentence says why.
func TestConnectAdvice(t *testing.T) {
	t.Parallel()
	url := pgtest.NewEmpty(t)
	admin := impatient(t, url)
	name := database(t, url)
	if _, err := admin.Exec(t.Context(), `CREATE ROLE `+strings.Trim(name, `"`)+`_stays_out PASSWORD 'keeps'`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec(context.WithoutCancel(t.Context()), `DROP ROLE `+strings.Trim(name, `"`)+`_stays_out`); err != nil {
			t.Error(err)
		}
	})
	role := strings.Trim(name, `"`) + "_stays_out:keeps"
	_, rest, _ := strings.Cut(url, "@")
	for where, want := range map[string]string{
		"postgres://" + role + "@" + rest:                                       "that may log in",
		"postgres://u:p@[2001:db8::1]:5432/d?sslmode=disable&connect_timeout=1": "an address of IPv6",
		"postgres://u:p@no-such-host.invalid/d?sslmode=disable":                 "finds no address for it",
		"postgres://u:p@/d?host=/nonexistent":                                   "no server listens at this socket",
	} {
		_, err := postgres.Open(t.Context(), secret.New(where), 1)
		if !errors.Is(err, model.ErrStore) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
