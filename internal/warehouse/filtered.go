package warehouse

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/privacy"
)

// Whoever stores personal data holds the shared lock from before it looks at the
// generation until its transaction has ended; whoever changes what may be stored
// holds the other. So nothing that was filtered by an older list is committed
// after a newer one. It is taken before any row is locked.
const (
	sharePrivacySQL  = `SELECT pg_advisory_xact_lock_shared(hashtextextended('rollcall:privacy', 0))`
	changePrivacySQL = `SELECT pg_advisory_xact_lock(hashtextextended('rollcall:privacy', 0))`
	generationSQL    = `SELECT generation FROM sync.privacy`
	// NextGenerationSQL goes into the transaction of ChangePrivacy: what others filtered
	// before is outdated. It takes the key's check and whether names are hashed.
	NextGenerationSQL = `UPDATE sync.privacy SET generation = generation + 1, key_check = $1, names_pseudonymised = $2, changed_at = now()`
)

// ErrOutdated tells that the list of erased people, or another rule of privacy,
// changed since the records in hand were filtered.
var ErrOutdated = errors.New("the rules of privacy changed meanwhile")

// ErrUnchanged rolls a transaction back that has nothing to do.
var ErrUnchanged = errors.New("nothing to change")

// mostFilterings bounds how often records are filtered anew because of ErrOutdated.
const mostFilterings = 10

// Filtered runs a transaction that stores personal data, again with a new filter
// where the present one proves to be outdated.
func (d *DB) Filtered(ctx context.Context, do func(tx pgx.Tx, f *privacy.Filter) error) error {
	return d.holding(ctx, sharePrivacySQL, do)
}

// ChangePrivacy runs a transaction that changes what may be stored. It waits for
// the sessions whose transactions are under way, and those that come wait for it. What is
// done is done again where it was the victim of a deadlock, and must leave nothing behind
// where it fails.
func (d *DB) ChangePrivacy(ctx context.Context, do func(tx pgx.Tx, f *privacy.Filter) error) error {
	return Again(ctx, func(ctx context.Context) error { return d.holding(ctx, changePrivacySQL, do) })
}

// holding runs a transaction under one of the two locks, with a filter that is the present
// one for as long as it lasts.
func (d *DB) holding(ctx context.Context, lockSQL string, do func(tx pgx.Tx, f *privacy.Filter) error) error {
	return d.WithFilter(ctx, func(f *privacy.Filter) error {
		return Begin(ctx, d.Pool, func(tx pgx.Tx) error {
			if err := hold(ctx, tx, lockSQL, f); err != nil {
				return err
			}
			return do(tx, f)
		})
	})
}

// WithFilter calls do with the present filter, again with a new one where that proves
// to be outdated.
func (d *DB) WithFilter(ctx context.Context, do func(f *privacy.Filter) error) error {
	for try := 1; ; try++ {
		f, err := d.Filter(ctx)
		if err != nil {
			return err
		}
		if err = do(f); !errors.Is(err, ErrOutdated) || try == mostFilterings {
			return err
		}
		if err := d.ReadPrivacy(ctx); err != nil {
			return err
		}
	}
}

// QueuePrivacy asks whether a filter is still the present one; what follows in
// the transaction is safe if it is.
func QueuePrivacy(batch *pgx.Batch, f *privacy.Filter, outdated *bool) {
	queueHold(batch, sharePrivacySQL, f, outdated)
}

// HoldPrivacy is QueuePrivacy in a round trip of its own.
func HoldPrivacy(ctx context.Context, tx pgx.Tx, f *privacy.Filter) error {
	return hold(ctx, tx, sharePrivacySQL, f)
}

func hold(ctx context.Context, tx pgx.Tx, lockSQL string, f *privacy.Filter) error {
	outdated := false
	batch := &pgx.Batch{}
	queueHold(batch, lockSQL, f, &outdated)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if outdated {
		return ErrOutdated
	}
	return nil
}

// queueHold takes a lock, and then compares the generation.
func queueHold(batch *pgx.Batch, lockSQL string, f *privacy.Filter, outdated *bool) {
	batch.Queue(lockSQL)
	batch.Queue(generationSQL).QueryRow(func(row pgx.Row) error {
		var generation int64
		err := row.Scan(&generation)
		*outdated = generation != f.Generation
		return err
	})
}
