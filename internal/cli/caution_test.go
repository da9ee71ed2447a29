package cli

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
)

// A database across a network, whose server nobody proves, is warned of once.
func TestUnverifiedDatabaseIsWarnedOf(t *testing.T) {
	for url, want := range map[string]int{
		"postgres://u:canary@db.example/w":                     1,
		"postgres://u:canary@db.example/w?sslmode=verify-full": 0,
		"host=/run/postgresql user=u password=canary":          0,
		"postgres://u:canary@127.0.0.1/w":                      0,
	} {
		pool, err := pgtest.NewPool(t.Context(), url) // connects to nothing yet
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, nil))
		caution(t.Context(), log, pool)
		caution(t.Context(), quietly(log), pool)
		pool.Close()
		if got := strings.Count(out.String(), "sslmode=verify-full"); got != want || strings.Contains(out.String(), "canary") {
			t.Errorf("%s is warned of %d times, want %d: %s", url, got, want, &out)
		}
	}
}
