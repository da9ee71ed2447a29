package doctor

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

func TestMain(m *testing.M) { pgtest.Main(m, pgtest.Migrated) }

// What a sound database is asked is what is skipped where it cannot be asked.
func TestChecksThatCannotBeMadeAreNamed(t *testing.T) {
	t.Parallel()
	sound, empty, away := names(t, pgtest.New(t)), names(t, pgtest.NewEmpty(t)), names(t, "postgres://127.0.0.1:1/none")
	if len(sound) < 10 || !slices.Equal(away, sound) {
		t.Errorf("a database that is away: %q, a sound one: %q", away, sound)
	}
	if !slices.Equal(empty, sound) {
		t.Errorf("an empty database: %q, a sound one: %q", empty, sound)
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
