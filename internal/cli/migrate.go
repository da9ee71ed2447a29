package cli

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/inventory"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// migrateCommand holds the steps that a schema can take.
type migrateCommand struct {
	Up     migrateUp     `cmd:"" default:"withargs" help:"Apply every pending migration (the default)."`
	Status migrateStatus `cmd:"" help:"List the migrations and when each was applied."`
	Down   migrateDown   `cmd:"" help:"Take back the newest migration, and with it the data in its tables."`
}

type migrateUp struct {
	databaseFlags `embed:""`

	DryRun bool `help:"Say which migrations would be applied; change nothing."`
}

// Run carries the command out.
func (c *migrateUp) Run(s *shell) error {
	pool, closeAll, err := c.open(s.ctx, s.logger, 4)
	if err != nil {
		return err
	}
	defer closeAll()
	if err := sayWhatElseIsThere(s, pool); err != nil {
		return err
	}
	if c.DryRun {
		return previewMigrations(s, pool)
	}
	if pending, err := postgres.PendingMigrations(s.ctx, pool); err == nil && len(pending) > 0 {
		sayWhetherItWaits(s, pool)
	}
	done, err := postgres.MigrateUp(s.ctx, pool)
	for _, m := range done {
		newScreen(s).put("", "applied %s in %s", m.Name, m.Took.Round(time.Millisecond))
	}
	if err == nil && len(done) == 0 {
		newScreen(s).put("", "the schema is up to date")
	}
	if err != nil {
		return err
	}
	folded, _, err := inventory.New(warehouse.New(pool, s.logger)).FoldIDs(s.ctx)
	if err != nil {
		return err
	}
	for _, f := range folded {
		newScreen(s).put("", "%s %s was stored in other letters too (%s): now it is one", f.Kind, f.ID(), f.Was)
	}
	return nil
}

// sayWhatElseIsThere tells of a warehouse under other names where there is none under those
// that are configured.
func sayWhatElseIsThere(s *shell, pool *pgxpool.Pool) error {
	newest, err := postgres.NewestMigration(s.ctx, pool)
	if err != nil || newest.Version != 0 {
		return err
	}
	others, err := postgres.OtherWarehouses(s.ctx, pool)
	if err == nil && others != "" {
		fmt.Fprintf(s.stderr, "there is no warehouse in the schema %s yet; %s\n", naming.Real("realtimekit"), others)
	}
	return err
}

// sayWhetherItWaits tells somebody who sits in front of it why nothing happens.
func sayWhetherItWaits(s *shell, pool *pgxpool.Pool) {
	if held, err := postgres.SchemaHeld(s.ctx, pool); err == nil && held {
		fmt.Fprintln(s.stderr, "waiting for what is under way (a run, a backfill or another migration), a minute at most")
	}
}

// previewMigrations says what migrate up would do.
func previewMigrations(s *shell, pool *pgxpool.Pool) error {
	pending, err := postgres.PendingMigrations(s.ctx, pool)
	if err != nil {
		return err
	}
	if len(pending) > 0 {
		if err := postgres.CheckDatabase(s.ctx, pool); err != nil {
			return err
		}
	}
	for _, m := range pending {
		newScreen(s).put("", "would apply %s", m.Name)
	}
	if len(pending) == 0 {
		newScreen(s).put("", "the schema is up to date")
		return nil
	}
	newScreen(s).put("", "nothing was changed")
	return nil
}

type migrateStatus struct {
	databaseFlags `embed:""`
}

// Run carries the command out.
func (c *migrateStatus) Run(s *shell) error {
	pool, closeAll, err := c.open(s.ctx, s.logger, 4)
	if err != nil {
		return err
	}
	defer closeAll()
	if err := sayWhatElseIsThere(s, pool); err != nil {
		return err
	}
	all, err := postgres.Migrations(s.ctx, pool)
	for _, m := range all {
		applied := "pending"
		if !m.AppliedAt.IsZero() {
			applied = "applied " + m.AppliedAt.UTC().Format(time.RFC3339)
		}
		newScreen(s).put(fmt.Sprintf("%-28s ", m.Name), "%s", applied)
	}
	return err
}

type migrateDown struct {
	databaseFlags `embed:""`

	DryRun bool `help:"Say which migration would be taken back; change nothing."`
	Yes    bool `help:"Confirm that the data in the tables of the newest migration is to be dropped."`
}

// Run carries the command out.
func (c *migrateDown) Run(s *shell) error {
	if !c.Yes && !c.DryRun {
		return fmt.Errorf("%w: migrate down drops data: look with --dry-run, then confirm with --yes", model.ErrUsage)
	}
	pool, closeAll, err := c.open(s.ctx, s.logger, 4)
	if err != nil {
		return err
	}
	defer closeAll()
	if err := sayWhatElseIsThere(s, pool); err != nil {
		return err
	}
	if c.DryRun {
		newest, err := postgres.NewestMigration(s.ctx, pool)
		if err == nil && newest.Version != 0 {
			newScreen(s).put("", "would take back %s, with the data in its tables", newest.Name)
			newScreen(s).put("", "nothing was changed")
			return postgres.CheckDependents(s.ctx, pool, newest.Version)
		} else if err == nil {
			newScreen(s).put("", "there is nothing to take back")
		}
		return err
	}
	sayWhetherItWaits(s, pool)
	done, err := postgres.MigrateDown(s.ctx, pool)
	for _, m := range done {
		newScreen(s).put("", "took back %s in %s", m.Name, m.Took.Round(time.Millisecond))
	}
	if err == nil && len(done) == 0 {
		newScreen(s).put("", "there is nothing to take back")
	}
	return err
}
