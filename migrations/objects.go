package migrations

import (
	"fmt"
	"io/fs"
	"iter"
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
	{Schema, regexp.MustCompile(`^CREATE SCHEMA (?:IF NOT EXISTS )?(realtimekit|sync|analytics|` + QueueSchema + `);`), 1, 0},
	{Relation, regexp.MustCompile(`^CREATE (?:OR REPLACE )?(?:UNLOGGED )?(?:TABLE|VIEW|MATERIALIZED VIEW|SEQUENCE) (?:IF NOT EXISTS )?` + schemas + `\.(\w+)`), 1, 2},
	{Index, regexp.MustCompile(`^CREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?(\w+)\s+ON (?:ONLY )?` + schemas + `\.`), 2, 1},
	{Type, regexp.MustCompile(`^CREATE (?:TYPE|DOMAIN) ` + schemas + `\.(\w+)`), 1, 2},
	{Function, regexp.MustCompile(`^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) ` + schemas + `\.(\w+)`), 1, 2},
}

var (
	drop    = regexp.MustCompile(`^DROP (?:SCHEMA|TABLE|VIEW|MATERIALIZED VIEW|SEQUENCE|TYPE|DOMAIN|INDEX|FUNCTION|PROCEDURE) (?:IF EXISTS )?([^;]+);`)
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
		for _, o := range madeBy(up) {
			o.Version = version
			if before, known := first[string(o.Kind)+o.String()]; known {
				o.Version = before
			}
			first[string(o.Kind)+o.String()] = o.Version
			if !slices.Contains(all, o) {
				all = append(all, o)
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

// madeBy lists what statements make, without the version.
func madeBy(sql string) (all []Object) {
	for statement := range beginning(sql, "CREATE ") {
		for _, m := range made {
			found := m.form.FindStringSubmatch(statement)
			if found == nil {
				continue
			}
			o := Object{Kind: m.kind, Schema: found[m.schema]}
			if m.name > 0 {
				o.Name = found[m.name]
			}
			all = append(all, o)
		}
	}
	return all
}

// beginning gives each text from a line that begins with the word, but for white space,
// to the next semicolon. To look for the patterns in all of the SQL took a quarter of a
// second of each start of the program.
func beginning(sql, word string) iter.Seq[string] {
	return func(yield func(string) bool) {
		at := 0
		for line := range strings.Lines(sql) {
			rest := strings.TrimLeft(sql[at:], " \t")
			at += len(line)
			if !strings.HasPrefix(strings.TrimLeft(line, " \t"), word) {
				continue
			}
			statement, _, _ := strings.Cut(rest, ";")
			if !yield(statement + ";") {
				return
			}
		}
	}
}

// droppedBy lists what statements drop; the kind is told of schemas only.
func droppedBy(sql string) (all []Object) {
	for text := range beginning(sql, "DROP ") {
		statement := drop.FindStringSubmatch(text)
		if statement == nil {
			continue
		}
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
