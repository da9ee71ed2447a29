package postgres_test

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/migrations"
)

var update = flag.Bool("update", false, "note each migration that there is as released")

const releasedFile = "testdata/released.txt"

// What a released migration does never changes: whoever has applied it does not apply it again.
// Views and functions that it defines stand in files of their own, of which it takes another
// form once one is edited in place.
func TestReleasedMigrationsStayAsTheyWere(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(migrations.FS, "0*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var now strings.Builder
	is := map[string]string{}
	for _, file := range files {
		version, digest := digestOf(t, file)
		is[version] = digest
		fmt.Fprintln(&now, version, digest)
	}
	if *update {
		if err := os.WriteFile(releasedFile, []byte(now.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	released, err := os.ReadFile(releasedFile)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(released)) {
		if version, digest, _ := strings.Cut(strings.TrimSpace(line), " "); is[version] != digest {
			t.Errorf("migration %s is released, and would do something else now. Leave its file as it was; keep what a view or function was before you change it as migrations/analytics/before/VERSION/NAME.sql, VERSION being your new migration, which defines it: see CONTRIBUTING.md", version)
		}
	}
}

// digestOf tells apart what a migration runs: its text with the definitions in it, and the forms
// that a cluster has once it was applied.
func digestOf(t *testing.T, file string) (version, digest string) {
	t.Helper()
	text, err := fs.ReadFile(migrations.FS, file)
	if err != nil {
		t.Fatal(err)
	}
	version, _, _ = strings.Cut(file, "_")
	number, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	names, forms, err := migrations.ForCluster(number)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%q\n%q\n", text, names, forms)
	return version, hex.EncodeToString(sum.Sum(nil)[:16])
}
