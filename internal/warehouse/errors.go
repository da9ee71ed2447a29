package warehouse

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// ErrMayNotErase concerns what was read, and nothing else.
var ErrMayNotErase = errors.New("a stored row turns out to be of somebody who was erased, and this role may not erase it")

// Failed says what failed. An error that the data of one session caused
// concerns that session alone; anything else is the database's and marked with
// model.ErrStore.
func Failed(doing string, err error) error {
	if err == nil {
		return nil
	}
	if isBehind(err) {
		return postgres.Failed(doing, fmt.Errorf("%w: %w", err, errBehind))
	}
	if isOfData(err) {
		return fmt.Errorf("%s: %w%s", doing, err, postgres.Advice(err))
	}
	if errors.Is(err, model.ErrUsage) || errors.Is(err, ErrMayNotErase) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return postgres.Failed(doing, err)
}

// isOfData reports whether Postgres refused a value: one that is none (class 22),
// that a constraint forbids (23), or that is too large for a limit of the program
// (54), of which one is told as an internal error. A trigger of somebody else refuses
// in words of its own (P0).
func isOfData(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch postgres.Class(pg) {
	case "22", "23", "54":
		return true
	case "P0":
		return postgres.OthersFunction(pg) != ""
	}
	return pg.Code == "XX000" && strings.HasPrefix(pg.Message, "invalid memory alloc request size")
}
