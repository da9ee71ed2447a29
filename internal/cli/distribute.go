package cli

import (
	"fmt"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// distributeCommand gives the tables of sessions to Citus.
type distributeCommand struct {
	databaseFlags `embed:""`

	Shards int  `placeholder:"N" help:"Into how many parts each table of sessions is cut, 1 to 1024; none means 32, or what the tables have."`
	DryRun bool `help:"Check the cluster and say what would be distributed; change nothing."`
}

// Run carries the command out.
func (c *distributeCommand) Run(s *shell) error {
	if c.Shards < 0 || c.Shards > 1024 {
		return fmt.Errorf("%w: --shards must be between 1 and 1024", model.ErrUsage)
	}
	pool, closeAll, err := c.open(s.ctx, s.logger, 4)
	if err != nil {
		return err
	}
	defer closeAll()
	if c.DryRun {
		d, err := postgres.PlanDistribution(s.ctx, pool, c.Shards)
		if err == nil {
			c.print(s, &d)
		}
		return err
	}
	sayWhetherItWaits(s, pool)
	d, err := postgres.Distribute(s.ctx, pool, c.Shards)
	if err == nil {
		c.print(s, &d)
	}
	return err
}

func (c *distributeCommand) print(s *shell, d *postgres.Distribution) {
	verb := "distributed"
	if c.DryRun {
		verb = "would distribute"
	}
	for _, t := range d.Tables {
		how := "by " + t.By
		if t.By == postgres.PlacedEverywhere {
			how = "to " + t.By
		}
		newScreen(s).put("", "%s %s %s (%s)", verb, t.Name, how, kilobytes(t.Bytes))
	}
	if d.Hidden > 0 {
		verb = "deleted"
		if c.DryRun {
			verb = "would delete"
		}
		newScreen(s).put("", "%s %s of rows that the coordinator had from before", verb, kilobytes(d.Hidden))
	}
	if len(d.Tables) == 0 {
		newScreen(s).put("", "%s are distributed already", plural(d.Already, "table"))
	}
	newScreen(s).put("", "Citus %s, %s that hold rows, %s", d.Citus, plural(d.Workers, "node"), plural(d.Shards, "shard"))
	if c.DryRun {
		newScreen(s).put("", "nothing was changed")
	}
}

// kilobytes writes a size for a person.
func kilobytes(n int64) string {
	if n >= 10<<20 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", (n+1023)>>10)
}
