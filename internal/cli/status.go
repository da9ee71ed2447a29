package cli

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/find"
	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// statusCommand tells how the warehouse stands.
type statusCommand struct {
	accountFlags  `embed:""`
	AppIDs        list `name:"app-ids" predictor:"app" env:"REALTIMEKIT_APP_IDS" placeholder:"APP,…" help:"Apps that --max-age looks at, by id or name; none means all that were ever read (${env})."`
	databaseFlags `embed:"" group:"Database"`

	MaxAge   *time.Duration `placeholder:"DURATION" help:"Check: exit with 3 where an app was last read longer ago, or was never, or a run takes longer."`
	Watch    bool           `help:"Show it again and again until Ctrl-C; on a terminal in place, elsewhere one below the other, with --json one object per line."`
	Interval time.Duration  `default:"10s" help:"How often --watch looks."`
	JSON     bool           `name:"json" help:"Print one JSON object, as docs/status.schema.json describes."`
}

// Help gives the longer text of --help.
func (*statusCommand) Help() string {
	return `Reads only the database and sends no request to the API.

Exit codes: 0 shown, and with --max-age all is fresh; 1 the database or its schema cannot be read; 2 wrong usage; 3 --max-age, and something is too old: the lines that begin with STALE say what. For Nagios and similar, take any code other than 0 as critical.`
}

// standing is an overview and what --max-age makes of it.
type standing struct {
	model.Overview
	Check *ageCheck `json:"check"` // null without --max-age
}

// Run carries the command out.
func (c *statusCommand) Run(s *shell) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.MaxAge != nil && *c.MaxAge <= 0 || c.Interval < time.Second {
		return fmt.Errorf("%w: --max-age must be above 0, and --interval not be below 1s", model.ErrUsage)
	}
	log := quietly(s.logger)
	pool, done, err := c.openWarehouse(s, log)
	if err != nil {
		return err
	}
	defer done()
	if c.AppIDs, err = find.Apps(s.ctx, pool, c.AppIDs); err != nil {
		return err
	}
	if c.Watch {
		return c.watch(s, pool)
	}
	now, err := c.look(s, pool)
	if err != nil {
		return err
	}
	if err := c.show(newScreen(s), now, "  "); err != nil {
		return err
	}
	if now.Check != nil && !now.Check.OK {
		return errPartial
	}
	return nil
}

// forMany implements choosy.
func (c *statusCommand) forMany() error {
	if c.Watch {
		return fmt.Errorf("%w: --watch shows one account: choose it with --account", model.ErrUsage)
	}
	return nil
}

// look reads the state of the account.
func (c *statusCommand) look(s *shell, pool *pgxpool.Pool) (standing, error) {
	overview, err := ledger.New(warehouse.New(pool, quietly(s.logger))).Overview(s.ctx, c.AccountID)
	now := standing{Overview: overview}
	if err == nil && c.MaxAge != nil {
		now.Check = judgeAge(&overview, *c.MaxAge, c.AppIDs)
	}
	return now, err
}

// show writes it, as a person or a program wants it.
func (c *statusCommand) show(screen *screen, now standing, indent string) error {
	if c.JSON {
		encoder := json.NewEncoder(plainJSON{screen.w})
		encoder.SetIndent("", indent)
		return encoder.Encode(now)
	}
	if now.Check != nil {
		for _, problem := range now.Check.Problems {
			screen.put("STALE ", "%s", problem)
		}
		if now.Check.OK {
			screen.put("OK ", "nothing is older than %s", inWords(*c.MaxAge))
		}
	}
	if c.isPrivate() {
		screen.put("", "This is the private Postgres of your data directory, since DATABASE_URL is not set")
	}
	if len(now.Runs) == 0 {
		screen.put("", "No run of account %s yet; start one with: rollcall run", c.AccountID)
		return nil
	}
	printOverview(screen, &now.Overview)
	return nil
}
