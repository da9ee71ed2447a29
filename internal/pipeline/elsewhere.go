package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// errElsewhere is wrapped by errors about sessions of another account of the warehouse.
var errElsewhere = errors.New("the warehouse has it under another account")

// leaveOthers gives the named sessions without those that the warehouse holds under another
// account: a command for several accounts asks each for its own.
func leaveOthers(ctx context.Context, books inventory, accountID string, ids []model.UUID) ([]model.UUID, error) {
	elsewhere, err := books.Elsewhere(ctx, accountID, ids)
	return slices.DeleteFunc(slices.Clone(ids), func(id model.UUID) bool { return elsewhere[id] != "" }), err
}

// ofAnother gives an error where the warehouse holds a session under another account.
func ofAnother(ctx context.Context, books inventory, accountID string, id model.UUID) error {
	elsewhere, err := books.Elsewhere(ctx, accountID, []model.UUID{id})
	if err == nil && elsewhere[id] != "" {
		err = fmt.Errorf("session %s: %w, %s: check CLOUDFLARE_ACCOUNT_ID, or the --account of ROLLCALL_ACCOUNTS_FILE", id, errElsewhere, elsewhere[id])
	}
	return err
}
