// Package migrations holds the database schema as numbered goose migrations,
// embedded in the program. A released migration is never edited.
package migrations

import "embed"

// FS holds the migrations, at its root.
//
//go:embed *.sql
var FS embed.FS
