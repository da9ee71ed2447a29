package migrations

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Kind is what an object is, as far as its name goes.
type Kind string

// Kinds of objects. Tables, views, sequences and indexes share their names.
const (
	Schema   Kind = "schema"
	Relation Kind = "relation"
	Index    Kind = "index"
	Type     Kind = "type"
	Function Kind = "function"
)

// Object is something that a migration makes. What else stands in its schema is
// somebody else's.
type Object struct {
	Version int64 // of the first migration that makes it; 0 for the ledger of the migrations
	Kind    Kind
	Schema  string
	Name    string // empty for a schema
}

// String gives the name as SQL has it.
func (o Object) String() string { return strings.TrimSuffix(o.Schema+"."+o.Name, ".") }

const schemas = `(realtimekit|sync|analytics)`

// made are the statements that make something, as the migrations write them.
var made = []struct {
	kind         Kind
	form         *regexp.Regexp
	schema, name int // groups of the form
}{
	{Schema, regexp.MustCompile(`(?m)^CREATE SCHEMA (?:IF NOT EXISTS )?(realtimekit|sync|analytics|` + QueueSchema + `);`), 1, 0},
	{Relation, regexp.MustCompile(`(?m)^CREATE (?:OR REPLACE )?(?:UNLOGGED )?(?:TABLE|VIEW|MATERIALIZED VIEW|SEQUENCE) (?:IF NOT EXISTS )?` + schemas + `\.(\w+)`), 1, 2},
	{Index, regexp.MustCompile(`(?m)^CREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?(\w+)\s+ON (?:ONLY )?` + schemas + `\.`), 2, 1},
	{Type, regexp.MustCompile(`(?m)^CREATE (?:TYPE|DOMAIN) ` + schemas + `\.(\w+)`), 1, 2},
	{Function, regexp.MustCompile(`(?m)^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) ` + schemas + `\.(\w+)`), 1, 2},
}

var (
	drop    = regexp.MustCompile(`(?m)^\s*DROP (?:SCHEMA|TABLE|VIEW|MATERIALIZED VIEW|SEQUENCE|TYPE|DOMAIN|INDEX|FUNCTION|PROCEDURE) (?:IF EXISTS )?([^;]+);`)
	dropped = regexp.MustCompile(schemas + `(?:\.(\w+))?`)
)

// Objects lists what all migrations together leave, in the order of their making.
// The list is made once, and not to be changed.
func Objects() ([]Object, error) { return objects() }

// objects reads all migrations, which takes long enough not to do it for each
// connection.
var objects = sync.OnceValues(func() ([]Object, error) {
	all := []Object{{Kind: Relation, Schema: "sync", Name: "schema_migrations"}}
	first := map[string]int64{} // by name: a view may be dropped and made again
	err := each(func(version int64, up, _ string) {
		for _, o := range droppedBy(up) {
			all = slices.DeleteFunc(all, func(have Object) bool { return have.String() == o.String() })
		}
		for _, m := range made {
			for _, found := range m.form.FindAllStringSubmatch(up, -1) {
				o := Object{Version: version, Kind: m.kind, Schema: found[m.schema]}
				if m.name > 0 {
					o.Name = found[m.name]
				}
				if before, known := first[string(o.Kind)+o.String()]; known {
					o.Version = before
				}
				first[string(o.Kind)+o.String()] = o.Version
				if !slices.Contains(all, o) {
					all = append(all, o)
				}
			}
		}
	})
	return all, err
})

// TakenBack lists what the Down of a migration drops by name; a schema that goes by
// CASCADE stands for all that is in it.
func TakenBack(version int64) (gone []Object, err error) {
	err = each(func(v int64, _, down string) {
		if v == version {
			gone = droppedBy(down)
		}
	})
	return gone, err
}

// droppedBy lists what statements drop; the kind is told of schemas only.
func droppedBy(sql string) (all []Object) {
	for _, statement := range drop.FindAllStringSubmatch(sql, -1) {
		for _, found := range dropped.FindAllStringSubmatch(statement[1], -1) {
			o := Object{Kind: Relation, Schema: found[1], Name: found[2]}
			if o.Name == "" {
				o.Kind = Schema
			}
			if o.Name != "" || strings.Contains(statement[1], "CASCADE") { // an empty schema takes nothing with it
				all = append(all, o)
			}
		}
	}
	return all
}

// each goes through the migrations, oldest first.
func each(do func(version int64, up, down string)) error {
	names, err := fs.Glob(FS, "*.sql")
	if err != nil {
		return fmt.Errorf("list the embedded migrations: %w", err)
	}
	slices.Sort(names)
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return fmt.Errorf("embedded migration %s: %w", name, err)
		}
		text, err := fs.ReadFile(FS, name)
		if err != nil {
			return fmt.Errorf("embedded migration %s: %w", name, err)
		}
		up, down, _ := strings.Cut(string(text), "-- +goose Down")
		do(version, up, down)
	}
	return nil
}
