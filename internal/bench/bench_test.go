package main

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

func TestMain(m *testing.M) {
	if spec := os.Getenv(serveVariable); spec != "" {
		exit(serve(spec, os.Stdin, os.Stdout))
	}
	pgtest.Main(m, nil)
}

// The bench checks what each phase stored; here a tiny one goes through all of
// them, so that the command keeps working.
func TestAllPhases(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	beside := `psql -X -q -c 'SELECT 1' "$BENCH_DATABASE" && [ -d "$BENCH_FOLDER" ] && echo "$BENCH_API" | grep -q ^http && echo 381`
	args := []string{"-sessions", "3", "-participants", "21", "-runs", "2", "-reader", "-gzip", "-beside", beside, "-database-url", pgtest.New(t)}
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	for _, phase := range phases {
		if !strings.Contains(out.String(), phase) {
			t.Errorf("no %q in\n%s", phase, out.String())
		}
	}
}

// Another program that lost rows is not compared with.
func TestBesideLosesARow(t *testing.T) {
	t.Parallel()
	args := []string{"-sessions", "1", "-participants", "1", "-runs", "1", "-beside", "echo 6", "-database-url", pgtest.New(t)}
	if err := run(t.Context(), args, io.Discard); err == nil || !strings.Contains(err.Error(), "beside: 6 rows") {
		t.Errorf("got %v", err)
	}
}

func TestGrowth(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	args := []string{"-sessions", "2", "-participants", "3", "-rounds", "3", "-database-url", pgtest.New(t)}
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	if rounds := strings.Count(out.String(), "\n") - 1; rounds != 3 {
		t.Errorf("%d rounds in\n%s", rounds, out.String())
	}
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	askFor = time.Millisecond // no other test asks
	var out strings.Builder
	if err := run(t.Context(), []string{"-questions", "120", "-database-url", pgtest.New(t)}, &out); err != nil {
		t.Fatal(err)
	}
	for _, q := range questions() {
		if !strings.Contains(out.String(), q.name) {
			t.Errorf("no %q in\n%s", q.name, out.String())
		}
	}
}
