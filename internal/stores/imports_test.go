package stores

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of imports in CONTRIBUTING.md anew")

const (
	module     = "github.com/rollcall-etl/rollcall/"
	tableBegin = "<!-- imports -->\n"
	tableEnd   = "<!-- /imports -->\n"
)

// The table of CONTRIBUTING.md is what the compiler sees.
func TestTableOfImports(t *testing.T) {
	t.Parallel()
	list := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...")
	list.Dir = filepath.Join("..", "..")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| package | imports |\n|---|---|\n")
	for line := range strings.Lines(string(out)) {
		names := strings.Fields(line)
		var ours []string
		for _, name := range names[1:] {
			if short, ok := strings.CutPrefix(name, module); ok {
				ours = append(ours, strings.TrimPrefix(short, "internal/"))
			}
		}
		table.WriteString("| " + strings.TrimPrefix(strings.TrimPrefix(names[0], module), "internal/") + " | " + strings.Join(ours, ", ") + " |\n")
	}
	page := filepath.Join(list.Dir, "CONTRIBUTING.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`(?m)^`+module+`(internal/[a-z]+)\b`).FindAllSubmatch(out, -1) {
		if !strings.Contains(string(text), "\n    "+string(name[1])+" ") {
			t.Errorf("the layout in CONTRIBUTING.md lacks %s", name[1])
		}
	}
	place := regexp.MustCompile(`(?s)` + tableBegin + `.*` + tableEnd)
	found := place.FindString(string(text))
	want := tableBegin + "\n" + table.String() + "\n" + tableEnd
	if found == want {
		return
	}
	if !*update || found == "" {
		t.Fatalf("CONTRIBUTING.md has another table of imports; after a look write it anew: go test ./internal/stores -update\n%s", want)
	}
	if err := os.WriteFile(page, []byte(strings.Replace(string(text), found, want, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}
