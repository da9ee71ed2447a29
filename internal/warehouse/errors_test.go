package warehouse_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// A pooler may answer without a code: that is no error of the data.
func TestFailedWithoutACode(t *testing.T) {
	t.Parallel()
	err := warehouse.Failed("store the rows", &pgconn.PgError{Message: "no more connections allowed"})
	if !errors.Is(err, model.ErrStore) || !strings.Contains(err.Error(), "store the rows: ") || !strings.Contains(err.Error(), "no more connections allowed") {
		t.Error(err)
	}
}
