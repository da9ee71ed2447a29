package warehouse

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
)

// withoutKey stands for the text of a failure where nobody can tell who was erased.
const withoutKey = "see the log: without its privacy key the warehouse keeps no messages"

// Noted runs a transaction that keeps the text of a failure, empty for none, in which the
// ids of erased people are masked: also of those who were erased after it came about.
func (d *DB) Noted(ctx context.Context, text string, do func(tx pgx.Tx, text string) error) error {
	if text != "" {
		err := d.Filtered(ctx, func(tx pgx.Tx, f *privacy.Filter) error { return do(tx, f.Text(text)) })
		if !errors.Is(err, model.ErrUsage) {
			return err
		}
		text = withoutKey
	}
	return Begin(ctx, d.Pool, func(tx pgx.Tx) error { return do(tx, text) })
}

// Message masks a text as Noted does, for whoever keeps it in a transaction of its own.
func (d *DB) Message(ctx context.Context, text string) string {
	err := d.ReadPrivacy(ctx)
	switch {
	case errors.Is(err, model.ErrUsage):
		return withoutKey
	case err != nil:
		return text
	}
	return d.privacy.filter.Load().Text(text)
}
