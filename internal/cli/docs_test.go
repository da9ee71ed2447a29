package cli

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeIsShort holds README.md to what a newcomer reads.
func TestReadmeIsShort(t *testing.T) {
	const most = 1200
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if words := len(strings.Fields(string(readme))); words > most {
		t.Errorf("README.md has %d words, %d at most", words, most)
	}
}

// TestChangelogHasEachHeadingOnce finds what merges leave behind: a section twice, or a
// version without a day.
func TestChangelogHasEachHeadingOnce(t *testing.T) {
	changelog, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`^## (Unreleased|\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d)$`)
	seen, section, released := map[string]bool{}, "", 0
	for line := range strings.Lines(string(changelog)) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "## "):
			if section = line; !version.MatchString(line) {
				t.Errorf("%q is neither a version with its day nor Unreleased", line)
			}
			if line != "## Unreleased" {
				released++
			}
		case !strings.HasPrefix(line, "### "):
			continue
		default:
			line = section + " " + line
		}
		if seen[line] {
			t.Errorf("%q stands twice", line)
		}
		seen[line] = true
	}
	if released == 0 {
		t.Error("no version is told of; the image takes its own from here")
	}
}
