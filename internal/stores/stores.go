// Package stores gives the pipeline the parts of a warehouse that it works with.
package stores

import (
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/inventory"
	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/optional"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// New gives the parts of a warehouse. One set serves one run after the other.
func New(db *warehouse.DB) pipeline.Stores {
	sessions, held := load.New(db), inventory.New(db)
	return pipeline.Stores{
		Clock: db, Ledger: ledger.New(db), Apps: sessions, Sessions: sessions, Rejects: sessions, Optional: optional.New(db),
		Inventory: held, Verifier: held, Retention: erasure.New(db), Usage: db,
	}
}

// Open gives the parts of the warehouse of a pool.
func Open(pool *pgxpool.Pool, logger *slog.Logger) pipeline.Stores {
	return New(warehouse.New(pool, logger))
}
