package postgres

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/migrations"
)

var (
	//go:embed taken.sql
	takenSQL string
	//go:embed dependents.sql
	dependentsSQL string
	//go:embed absent.sql
	absentSQL string
)

// Relations lists the tables and views that the migrations make, by their real names,
// schema.name. Others in these schemas are somebody else's, and are left alone.
func Relations() ([]string, error) { return names(migrations.Relation) }

// withNames lets the statements of a role know what the migrations make. The names
// are those of the program's own files, in letters, digits and dots.
func withNames(sql string) string {
	relations, _ := names(migrations.Relation) // embedded files can be read
	functions, _ := names(migrations.Function)
	return "SET rollcall.relations = '" + strings.Join(relations, " ") + "';\n" +
		"SET rollcall.functions = '" + strings.Join(functions, " ") + "';\n" + sql
}

// names lists the objects of a kind that the migrations make, by their real names.
func names(kind migrations.Kind) ([]string, error) {
	objects, err := migrations.Objects()
	if err != nil {
		return nil, err
	}
	var all []string
	for _, o := range objects {
		if o.Kind == kind {
			all = append(all, naming.Real(o.String()))
		}
	}
	return all, nil
}

// queueNames lists what River's migrations make, by the real names.
func queueNames(kind migrations.Kind) (all []string) {
	for _, o := range migrations.Queue() {
		if o.Kind == kind {
			all = append(all, naming.Real(o.String()))
		}
	}
	return all
}

// Absent lists what the migrations make and is not there: a current schema lacks it only
// where somebody dropped it, or a restore left it out.
func Absent(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	relations, err := Relations()
	if err != nil {
		return nil, err
	}
	functions, err := names(migrations.Function)
	if err != nil {
		return nil, err
	}
	relations, functions = append(relations, queueNames(migrations.Relation)...), append(functions, queueNames(migrations.Function)...)
	absent, err := texts(ctx, pool, absentSQL, relations, functions)
	return absent, Failed("look for what was dropped", err)
}

// checkNames refuses a database in which something else has the name of what the
// pending migrations make, or has the schema that they make it in. It changes
// nothing.
func checkNames(ctx context.Context, pool *pgxpool.Pool) error {
	have, err := schemaVersion(ctx, pool)
	if err != nil {
		return err
	}
	taken, err := takenNames(ctx, pool, have)
	switch {
	case err != nil || len(taken) == 0:
		return err
	case have == 0 && len(taken) >= fewestOfOurs:
		return unlisted(len(taken))
	}
	return fmt.Errorf("%w: the database has already %s, which Rollcall did not make; rename it (ALTER … RENAME TO …), or give Rollcall schemas of other names (%s) or another database: nothing was changed",
		model.ErrSchema, strings.Join(taken, ", "), naming.Variable)
}

// takenNames lists what has the names that the migrations after a version make.
func takenNames(ctx context.Context, pool *pgxpool.Pool, have int64) ([]string, error) {
	objects, err := migrations.Objects()
	if err != nil {
		return nil, err
	}
	var kinds, schemas, names []string
	var versions []int64
	for _, o := range objects {
		kinds, schemas = append(kinds, string(o.Kind)), append(schemas, naming.Real(o.Schema))
		names, versions = append(names, o.Name), append(versions, o.Version)
	}
	taken, err := texts(ctx, pool, takenSQL, kinds, schemas, names, versions, have)
	return taken, migrationError("look for names that are taken", err)
}

// fewestOfOurs is from how many of our names on nobody else can have made them.
const fewestOfOurs = 10

// unlisted tells of a warehouse that does not know what made it. To rename its tables, as
// somebody else's, would be the end of it.
func unlisted(taken int) error {
	return fmt.Errorf("%w: %d tables, views, functions and indexes of Rollcall are there, and what made them is not told: %[3]s is missing or empty, as after a restore that left it out; "+
		"restore %[3]s from the same backup, or all of the warehouse into another database", model.ErrSchema, taken, naming.Real("sync.schema_migrations"))
}

// dependents lists what is not of Rollcall and would go, or stop to work, with the
// newest migration: what stands in a schema that it takes back, and what reads
// from its tables and views. It changes nothing.
func dependents(ctx context.Context, pool *pgxpool.Pool, version int64) ([]string, error) {
	gone, err := migrations.TakenBack(version)
	if err != nil {
		return nil, err
	}
	var schemas, relations []string
	for _, o := range gone {
		if o.Kind == migrations.Schema {
			schemas = append(schemas, naming.Real(o.Schema))
		} else {
			relations = append(relations, naming.Real(o.String()))
		}
	}
	objects, err := migrations.Objects()
	if err != nil {
		return nil, err
	}
	var ours []string
	for _, o := range objects {
		ours = append(ours, naming.Real(o.String()))
	}
	all, err := texts(ctx, pool, dependentsSQL, schemas, relations, ours)
	return all, migrationError("look for what depends on the schema", err)
}

// CheckDependents refuses to take a migration back from under others. It changes
// nothing.
func CheckDependents(ctx context.Context, pool *pgxpool.Pool, version int64) error {
	others, err := dependents(ctx, pool, version)
	if err != nil || len(others) == 0 {
		return err
	}
	return fmt.Errorf("%w: others rest on what would be taken back, and would go with it: %s; drop or move them first: nothing was changed",
		model.ErrSchema, strings.Join(others, ", "))
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func texts(ctx context.Context, q querier, sql string, args ...any) ([]string, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
