package warehouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/privacy"
)

// Values of Privacy.Names. The zero value leaves it as the warehouse has it.
const (
	NamesPseudonymised = "names"
	NamesPlain         = "none"
)

// Privacy says how personal data is treated.
type Privacy struct {
	Key   *privacy.Key // nil for none
	Names string       // one of the constants above
	// Replacing says that PseudonymiseNames comes next, so that no stored name stays.
	Replacing bool
}

// protection is what is known of that in the warehouse at hand.
type protection struct {
	key    *privacy.Key
	filter atomic.Pointer[privacy.Filter] // nil until it was read
	// forgotten tells that people were erased and the list of them is empty.
	forgotten atomic.Bool
}

// noPrivacy tells of a copy in which the one row of sync.privacy is missing.
const noPrivacy = "sync.privacy has no row, as in a copy made without it, and nothing tells who was erased, whether names are hashed, and by which key; restore it, and sync.suppressions with it, or, where neither was ever used, run: INSERT INTO sync.privacy DEFAULT VALUES"

// Protect reads who was erased, and sets whether names are pseudonymised. An
// error wraps model.ErrUsage where the warehouse needs a key and this is not it:
// erased people would come back. Without a call of Protect the warehouse is
// taken as it is, which works as long as nothing in it needs a key.
func (d *DB) Protect(ctx context.Context, p Privacy) error {
	if err := d.CheckPrivacy(ctx, p); err != nil {
		return err
	}
	if d.privacy.forgotten.Load() {
		d.Logger.WarnContext(ctx, "people were erased and none of them is on the list any more; erased people come back", "fix", "where you did not empty it, restore "+naming.Real("sync.suppressions")+" before the next run")
	}
	if p.Names == "" {
		return nil
	}
	wanted := p.Names == NamesPseudonymised
	if d.privacy.filter.Load().Names() == wanted {
		return nil // without holding up anybody
	}
	err := d.ChangePrivacy(ctx, func(tx pgx.Tx, f *privacy.Filter) error {
		if f.Names() == wanted {
			return ErrUnchanged
		}
		_, err := tx.Exec(ctx, NextGenerationSQL, d.keyCheck(), wanted)
		return err
	})
	if errors.Is(err, ErrUnchanged) {
		return nil
	}
	if err != nil {
		return Failed("set whether names are pseudonymised", err)
	}
	if err := d.ReadPrivacy(ctx); err != nil || !wanted || p.Replacing {
		return err
	}
	return d.warnOfNames(ctx)
}

// CheckPrivacy reads who was erased and refuses what Protect does. It writes
// nothing.
func (d *DB) CheckPrivacy(ctx context.Context, p Privacy) error {
	d.privacy.key = p.Key
	if err := d.ReadPrivacy(ctx); err != nil {
		return err
	}
	if p.Names == NamesPseudonymised && p.Key == nil {
		return fmt.Errorf("%w: ROLLCALL_PSEUDONYMISE=names needs ROLLCALL_PRIVACY_KEY or ROLLCALL_PRIVACY_KEY_FILE", model.ErrUsage)
	}
	return nil
}

// warnOfNames says once, when names are to be left out from now on, that there
// are some already.
func (d *DB) warnOfNames(ctx context.Context) error {
	var some bool
	err := d.Pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM realtimekit.participants WHERE display_name`+IsPlain+`)`).Scan(&some)
	if err != nil {
		return Failed("look for names", err)
	}
	if some {
		d.Logger.WarnContext(ctx, "names are hashed from now on; those stored before stay until rollcall pseudonymise is called")
	}
	return nil
}

// Forgotten reports whether people were erased and the list of them is empty: after a
// restore without sync.suppressions they come back. It knows once the list was read.
func (d *DB) Forgotten() bool { return d.privacy.forgotten.Load() }

// Key is the key that Protect was given; nil for none.
func (d *DB) Key() *privacy.Key { return d.privacy.key }

func (d *DB) keyCheck() []byte {
	if d.privacy.key == nil {
		return nil
	}
	return d.privacy.key.Check()
}

// ReadPrivacy makes a filter of what the warehouse holds now.
func (d *DB) ReadPrivacy(ctx context.Context) error {
	var generation int64
	var check []byte
	var names bool
	var forgotten bool
	var list []privacy.Suppression
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, d.Pool, options, func(tx pgx.Tx) error {
		// An erased person whose row is hidden would come back.
		if err := postgres.CheckRows(ctx, tx, naming.Real("sync.privacy"), naming.Real("sync.suppressions")); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `SELECT generation, key_check, names_pseudonymised FROM sync.privacy`).Scan(&generation, &check, &names)
		if errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("%w: %s", model.ErrUsage, naming.Text(noPrivacy))
		}
		if err != nil {
			return err
		}
		if list, err = Suppressions(ctx, tx); err != nil || len(list) > 0 {
			return err
		}
		return tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM sync.erasures WHERE identifiers > 0)`).Scan(&forgotten)
	})
	if err != nil {
		return Failed("read who was erased", err)
	}
	d.privacy.forgotten.Store(forgotten)
	if len(list) == 0 && !names {
		d.privacy.filter.Store(privacy.NewFilter(nil, generation, false, nil))
		return nil
	}
	switch {
	case d.privacy.key == nil:
		return fmt.Errorf("%w: this warehouse has erased people or hashed names: set ROLLCALL_PRIVACY_KEY or ROLLCALL_PRIVACY_KEY_FILE to the key that was used for them, or they would come back", model.ErrUsage)
	case !bytes.Equal(check, d.privacy.key.Check()):
		return fmt.Errorf("%w: ROLLCALL_PRIVACY_KEY is not the key that this warehouse's erased people and hashed names were made with; set that one, or they would come back", model.ErrUsage)
	}
	d.privacy.filter.Store(privacy.NewFilter(d.privacy.key, generation, names, list))
	return nil
}

// Suppressions reads the list of erased people.
func Suppressions(ctx context.Context, tx pgx.Tx) ([]privacy.Suppression, error) {
	rows, err := tx.Query(ctx, `SELECT identifier_hash, app_id, mode FROM sync.suppressions`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (privacy.Suppression, error) {
		var s privacy.Suppression
		var hash []byte
		var mode string
		err := row.Scan(&hash, &s.AppID, &mode)
		copy(s.Hash[:], hash)
		s.Mode = privacy.ParseMode(mode)
		return s, err
	})
}

// Filter gives the present filter.
func (d *DB) Filter(ctx context.Context) (*privacy.Filter, error) {
	if f := d.privacy.filter.Load(); f != nil {
		return f, nil
	}
	if err := d.ReadPrivacy(ctx); err != nil {
		return nil, err
	}
	return d.privacy.filter.Load(), nil
}
