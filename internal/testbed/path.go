package testbed

import (
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
)

// Token is the one that the simulated API must be told to take.
const Token = "token"

// Path gives the whole path from a simulated API of an account to a warehouse: HTTP,
// the client, the pipeline. now is the clock of the pipeline, nil for this machine's.
func Path(tb testing.TB, pool *pgxpool.Pool, sim *simulator.Server, accountID string, now func() time.Time) *pipeline.Pipeline {
	tb.Helper()
	server := httptest.NewServer(sim)
	tb.Cleanup(server.Close)
	logger := slog.New(slog.DiscardHandler)
	client, err := extract.New(extract.Config{
		BaseURL: server.URL + "/client/v4", AccountID: accountID, Token: secret.New(Token), UserAgent: "test",
		PerPage: 100, MaxBody: 64 << 20, RetryFor: time.Minute, Timeout: time.Minute, Logger: logger,
		Budget: extract.NewBudget(extract.BudgetConfig{PerSecond: 100_000, QuotaShare: 0.2, MaxWait: time.Minute}),
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return pipeline.New(pipeline.Config{
		AccountID: accountID, Lookback: 72 * time.Hour, Settle: time.Hour, Concurrency: 4, Version: "test", Now: now,
	}, client, stores.Open(pool, logger), logger)
}
