package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// keyFlags say where the privacy key is; there is no flag for the key itself.
type keyFlags struct {
	PrivacyKeyFile string `env:"ROLLCALL_PRIVACY_KEY_FILE" placeholder:"FILE" help:"File with the privacy key, in place of ROLLCALL_PRIVACY_KEY; needed once anybody was erased or names are pseudonymised (${env})."`
}

// key gives the privacy key, nil where none is set.
func (f *keyFlags) key() (*privacy.Key, error) {
	text, err := secret.Read("ROLLCALL_PRIVACY_KEY", f.PrivacyKeyFile)
	if err != nil || text.IsZero() {
		return nil, err
	}
	return privacy.NewKey(text)
}

// privacy leaves it to the warehouse whether names are stored.
func (f *keyFlags) privacy() (p warehouse.Privacy, err error) {
	p.Key, err = f.key()
	return p, err
}

// protected gives a warehouse that knows who was erased; p is without the key.
func (f *keyFlags) protected(ctx context.Context, pool *pgxpool.Pool, log logger, p warehouse.Privacy) (db *warehouse.DB, err error) {
	if p.Key, err = f.key(); err != nil {
		return nil, err
	}
	db = newWarehouse(pool, log)
	return db, db.Protect(ctx, p)
}

// privacyFlags are those of commands that store what the API shows.
type privacyFlags struct {
	keyFlags     `embed:""`
	Pseudonymise filled `env:"ROLLCALL_PSEUDONYMISE" placeholder:"MODE" help:"names: store keyed hashes in place of display names from now on; none: store names again. Without it as the warehouse had it last (${env})."`
}

func (f *privacyFlags) privacy() (warehouse.Privacy, error) {
	switch f.Pseudonymise {
	case "", warehouse.NamesPseudonymised, warehouse.NamesPlain:
	default:
		return warehouse.Privacy{}, fmt.Errorf("%w: ROLLCALL_PSEUDONYMISE: %q is neither names nor none", model.ErrUsage, f.Pseudonymise)
	}
	key, err := f.key()
	return warehouse.Privacy{Key: key, Names: string(f.Pseudonymise)}, err
}

// printTooOld tells what was left out because of the retention.
func printTooOld(w *screen, sessions int, horizon time.Time) {
	if sessions > 0 {
		w.put("", "%s ended before %s, the retention horizon, and %s left out; backfill --ignore-retention reads %s",
			plural(sessions, "session"), horizon.Format(time.DateOnly), oneOrMany(sessions, "was", "were"), oneOrMany(sessions, "it", "them"))
	}
}

// namesCommand takes names out of a warehouse that has them.
type namesCommand struct {
	databaseFlags `embed:"" group:"Database"`
	keyFlags      `embed:"" group:"Privacy"`

	DryRun bool `help:"Count the rows with a name; write nothing."`
	Yes    bool `help:"Confirm that the names are to be replaced: they cannot be recovered from the hashes."`
}

// Run carries the command out.
func (c *namesCommand) Run(s *shell) error {
	if !c.DryRun && !c.Yes {
		return fmt.Errorf("%w: names cannot be recovered from their hashes; look with --dry-run, then confirm with --yes", model.ErrUsage)
	}
	pool, done, err := c.holdWarehouse(s, s.logger, c.DryRun)
	if err != nil {
		return err
	}
	defer done()
	var p warehouse.Privacy
	if !c.DryRun {
		p = warehouse.Privacy{Names: warehouse.NamesPseudonymised, Replacing: true}
	}
	db, err := c.protected(s.ctx, pool, s.logger, p)
	if err != nil {
		return err
	}
	n, err := erasure.New(db).PseudonymiseNames(s.ctx, c.DryRun)
	if err != nil {
		return err
	}
	if c.DryRun {
		newScreen(s).put("", "names in %s and %s; nothing was written",
			plural(n.Participants, "participant"), counted(n.MeetingParticipants, "enrolled person", "enrolled people"))
		return nil
	}
	newScreen(s).put("", "names replaced in %s, %s, %s and %s; later runs store no names",
		plural(n.Participants, "participant"), counted(n.MeetingParticipants, "enrolled person", "enrolled people"),
		plural(n.PeerEvents, "peer event"), plural(n.RejectedRecords, "rejected record"))
	return nil
}
