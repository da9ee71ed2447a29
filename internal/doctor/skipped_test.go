package doctor

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

// What a sound database is asked is what is skipped where it cannot be asked.
func TestChecksThatCannotBeMadeAreNamed(t *testing.T) {
	t.Parallel()
	sound := names(t, pgtest.New(t))
	if len(sound) < 10 {
		t.Errorf("of a sound database only %q is asked", sound)
	}
	for what, url := range map[string]string{"away": "postgres://127.0.0.1:1/none", "empty": pgtest.NewEmpty(t)} {
		if diff := cmp.Diff(sound, names(t, url)); diff != "" {
			t.Errorf("a database that is %s: put each check into its list in database.go, at the place at which it is made (- checks that are made of a sound one, + those that are told of this one):\n%s", what, diff)
		}
	}
}

// Without the overview, which is one statement, nothing that is read of it is told.
func TestChecksOfTheOverviewAreNamed(t *testing.T) {
	t.Parallel()
	c := Config{AccountID: "a", Logger: slog.New(slog.DiscardHandler)}
	told := func(ctx context.Context) (names []string) {
		pool, err := postgres.Open(t.Context(), secret.New(pgtest.New(t)), 1)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		var found Checks
		c.overview(ctx, &found, ledger.New(warehouse.New(pool, c.Logger)))
		for i := range found {
			names = append(names, found[i].Name)
		}
		return names
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if diff := cmp.Diff(told(t.Context()), told(ended)); diff != "" {
		t.Errorf("put each check that reads the overview into ofOverview in database.go (- checks that are made, + those that are told without it):\n%s", diff)
	}
}

// names gives those of the checks of a database.
func names(t *testing.T, databaseURL string) (names []string) {
	t.Helper()
	c := Config{
		AccountID: "a", Connections: 1, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		Locate: func(context.Context) (secret.Text, *private.Server, func(), error) {
			return secret.New(databaseURL), nil, func() {}, nil
		},
		Privacy: func() (warehouse.Privacy, error) { return warehouse.Privacy{}, nil },
	}
	var found Checks
	_, done, _ := c.database(t.Context(), &found)
	defer done()
	for i := range found {
		names = append(names, found[i].Name)
	}
	return names
}
