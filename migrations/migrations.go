// Package migrations holds the database schema as numbered goose migrations,
// embedded in the program. A released migration is never edited.
//
// What each view and function of the schema analytics is now stands in a file
// of its own, analytics/NAME.sql. A migration that changes one does not repeat it,
// but applies that file:
//
//	-- +rollcall define session_bounds
//
// The line "-- +rollcall river up" stands for the migrations of the job queue's library.
//
// For its Down, and for the migrations before it, the file as it was is kept as
// analytics/before/VERSION/NAME.sql, where VERSION is the migration's number.
package migrations

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed *.sql analytics
var embedded embed.FS

// FS holds the migrations at its root, with each definition in the place of the
// line that names it.
var FS fs.FS = expanding{embedded}

const define = "-- +rollcall define "

// expanding replaces the define lines of what it opens.
type expanding struct{ embed.FS }

func (e expanding) Open(name string) (fs.File, error) {
	file, err := e.FS.Open(name)
	if err != nil || path.Ext(name) != ".sql" || path.Dir(name) != "." {
		return file, err
	}
	text, err := e.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return expanded{file, bytes.NewReader(text)}, nil
}

// ReadFile gives a migration as goose is to run it.
func (e expanding) ReadFile(name string) ([]byte, error) {
	text, err := e.FS.ReadFile(name)
	if err != nil || path.Dir(name) != "." {
		return text, err
	}
	number, _, _ := strings.Cut(name, "_")
	version, err := strconv.Atoi(number)
	if err != nil {
		return nil, fmt.Errorf("%s: a migration's name begins with its number", name)
	}
	var out bytes.Buffer
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "-- +goose Down") {
			version-- // what was there before
		}
		if direction, found := strings.CutPrefix(strings.TrimSpace(line), riverLine); found {
			body, err := river(direction)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			out.Write(body)
			continue
		}
		definition, found := strings.CutPrefix(strings.TrimSpace(line), define)
		if !found {
			out.WriteString(line)
			continue
		}
		body, err := e.definition(definition, version)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(&out, "-- +goose StatementBegin\n%s-- +goose StatementEnd\n", body)
	}
	return out.Bytes(), nil
}

// definition gives a view or function as it is after that migration: what the
// next migration that changes it kept, else what it is now.
func (e expanding) definition(name string, version int) ([]byte, error) {
	kept, err := fs.Glob(e.FS, "analytics/before/*/"+name+".sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(kept)
	for _, file := range kept {
		if until, err := strconv.Atoi(path.Base(path.Dir(file))); err == nil && until > version {
			return e.FS.ReadFile(file)
		}
	}
	return e.FS.ReadFile("analytics/" + name + ".sql")
}

// expanded is a file whose text is another.
type expanded struct {
	fs.File

	text *bytes.Reader
}

func (f expanded) Read(p []byte) (int, error) { return f.text.Read(p) }
