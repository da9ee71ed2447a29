// Package naming lets the schemas of a warehouse have other names: those of the SQL in this
// program with a prefix before them, which ROLLCALL_SCHEMA_PREFIX gives.
//
// The SQL of the program, of its migrations and of the job queue's library is written with
// the plain names. A connection carries the real ones to the server:
// [Apply] changes the text of statements on its way, and nothing else. Values travel in
// messages of their own and are never looked at.
//
// What the program itself has to know of the real names it asks [Real], [Plain] and [Text].
package naming

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Variable is the environment's variable that holds the prefix.
const Variable = "ROLLCALL_SCHEMA_PREFIX"

// plain are the names as the SQL of the program has them.
var plain = []string{"realtimekit", "analytics", "sync", "rollcall_queue"}

// longest is the longest prefix. The schema of the job queue is the longest of them, and the
// queue's library takes 46 characters: it makes names of channels of it, which have 63.
const longest = 46 - len("rollcall_queue")

var identifier = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// Prefix is what stands before each name; mostly nothing.
func Prefix() string { return os.Getenv(Variable) }

// Check refuses a prefix with which a name would have to be quoted, would be the server's
// own, or would be cut.
func Check() error {
	prefix := Prefix()
	var why string
	switch {
	case prefix == "":
		return nil
	case !identifier.MatchString(prefix):
		why = "it must begin with a small letter or _, and hold small letters, digits and _ only"
	case strings.HasPrefix(prefix, "pg_"):
		why = "PostgreSQL keeps names that begin with pg_ to itself"
	case len(prefix) > longest:
		why = fmt.Sprintf("it has %d characters, and may have %d", len(prefix), longest)
	default:
		return nil
	}
	return fmt.Errorf("%w: %s=%q cannot stand before the names of schemas: %s", model.ErrUsage, Variable, prefix, why)
}

// Real gives the real name of a schema, or of what stands in one: sync, sync.runs.
func Real(name string) string { return Prefix() + name }

// Plain gives the name as the SQL of the program has it. Another's name stays as it is.
func Plain(name string) string {
	schema, _, _ := strings.Cut(name, ".")
	for _, p := range plain {
		if schema == Real(p) {
			return strings.TrimPrefix(name, Prefix())
		}
	}
	return name
}

// Text gives a sentence of the program, or a statement for people to run, with the real
// names in it. It is for texts without data.
func Text(sentence string) string {
	if Prefix() == "" {
		return sentence
	}
	return named(Prefix()).text(sentence)
}

// SQL gives a statement of the program with the real names, as connections send it.
func SQL(statement string) string {
	if Prefix() == "" {
		return statement
	}
	return named(Prefix()).sql(statement)
}
