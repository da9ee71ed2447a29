package testbed

import (
	"io/fs"
	"regexp"
	"slices"

	"github.com/rollcall-etl/rollcall/migrations"
)

// Moves gives the names of the events by which analytics.derive finds presences, so that a
// test tries each of them, a new one too.
func Moves() (names []string) {
	text, err := fs.ReadFile(migrations.FS, "analytics/derive.sql")
	if err != nil {
		panic(err)
	}
	for _, found := range regexp.MustCompile(`'(PEER_[A-Z_]+)'`).FindAllSubmatch(text, -1) {
		if name := string(found[1]); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
