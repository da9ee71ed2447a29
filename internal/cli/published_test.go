package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
)

// newLogical gives a database on a server of its own, whose changes can be decoded
// (wal_level = logical). The setting is taken when a server starts.
func newLogical(tb testing.TB) string {
	tb.Helper()
	dir, err := private.MkdirTemp("rollcall-logical-")
	if err != nil {
		tb.Fatal(err)
	}
	start := func() *private.Server {
		server, err := private.Start(tb.Context(), private.Config{Dir: dir, AllowDownload: true, NoSync: true, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			tb.Fatal(err)
		}
		return server
	}
	first := start()
	conn, err := pgtest.Connect(tb.Context(), first.URL())
	if err != nil {
		tb.Fatal(err)
	}
	_, err = conn.Exec(tb.Context(), "ALTER SYSTEM SET wal_level = logical")
	if err := errors.Join(err, conn.Close(tb.Context()), first.Stop(tb.Context())); err != nil {
		tb.Fatal(err)
	}
	server := start()
	tb.Cleanup(func() {
		if err := errors.Join(server.Stop(context.WithoutCancel(tb.Context())), os.RemoveAll(dir)); err != nil {
			tb.Error(err)
		}
	})
	return server.URL()
}
