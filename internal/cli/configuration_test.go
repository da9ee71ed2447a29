package cli

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Each variable that a command takes has a row in docs/configuration.md with the default
// of its flag, and each of ours that has a row is taken.
func TestConfigurationListsEachVariable(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	defaults := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[A-Z][^|]*) \\|([^|]*)\\|").FindAllSubmatch(page, -1) {
		for _, name := range regexp.MustCompile("`([A-Z][A-Z_]+)`").FindAllSubmatch(row[1], -1) {
			defaults[string(name[1])] = string(row[2])
		}
	}
	var grammar cli
	parser, err := newParser(&grammar, io.Discard, io.Discard, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	taken := map[string]string{}
	for _, command := range parser.Model.Leaves(true) {
		for _, flag := range command.Flags {
			for _, name := range flag.Envs {
				taken[name] = flag.Default
			}
		}
	}
	for name, value := range taken {
		told, listed := defaults[name]
		if _, asFile := defaults[strings.TrimSuffix(name, "_FILE")]; !listed && !asFile {
			t.Errorf("docs/configuration.md has no row for %s", name)
		} else if listed && value != "" && !strings.Contains(told, "`"+value+"`") {
			t.Errorf("docs/configuration.md has the default%sfor %s, and the flag has %s", told, name, value)
		}
	}
	known := knownVariables(parser)
	for name := range defaults {
		if strings.HasPrefix(name, "ROLLCALL_") && !slices.Contains(known, name) {
			t.Errorf("docs/configuration.md has a row for %s, which no command takes", name)
		}
	}
}
