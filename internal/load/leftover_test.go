package load_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// Whether something of a new session is there already is asked of the indexes, also
// before the tables were analysed: a first load has that question for each session.
func TestNewSessionReadsNoOtherSessions(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	rng := rand.New(rand.NewPCG(1, 0))
	const sessions = 400
	for n := range sessions {
		session, page := randomSession(rng, n)
		b.MustLoad(session, page)
	}
	conn, err := b.Pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for _, sql := range []string{
		`SET plan_cache_mode = force_generic_plan`, `PREPARE asked (uuid) AS ` + load.LeftOverSQL,
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := conn.Query(t.Context(), `EXPLAIN (ANALYZE, TIMING OFF) EXECUTE asked (gen_random_uuid())`, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"participants", "session_presences", "session_people"} {
		if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan on "+table) {
			t.Errorf("%s is read from end to end:\n%s", table, text)
		}
	}
}
