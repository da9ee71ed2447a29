package cli

import (
	"cmp"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// The page on security names whoever speaks to the API: the commands that take its address.
func TestHostsNameWhoAsksTheAPI(t *testing.T) {
	t.Parallel()
	security, err := os.ReadFile("../../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^\| [^|]*CLOUDFLARE_BASE_URL[^|]*\|([^|]*)\|`).FindSubmatch(security)
	if found == nil {
		t.Fatal("SECURITY.md has no row for the host of the API")
	}
	var grammar cli
	parser, err := newParser(&grammar, io.Discard, io.Discard, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	var named, ask []string
	for _, command := range regexp.MustCompile("`([a-z]+)").FindAllSubmatch(found[1], -1) {
		named = append(named, string(command[1]))
	}
	for _, command := range parser.Model.Leaves(true) {
		for _, flag := range command.Flags {
			if name := strings.Fields(command.Path())[0]; slices.Contains(flag.Envs, "CLOUDFLARE_BASE_URL") && !slices.Contains(ask, name) {
				ask = append(ask, name)
			}
		}
	}
	slices.Sort(named)
	slices.Sort(ask)
	if !slices.Equal(named, ask) {
		t.Errorf("SECURITY.md has %v ask the API, and these can: %v", named, ask)
	}
}

// A file or folder that the documents name is there.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	path := regexp.MustCompile("`((?:cmd|deploy|docs|findings|internal|migrations|tools)/[a-z0-9_./-]+)`")
	names := 0
	for _, page := range append(pages, "../../README.md", "../../SECURITY.md", "../../CONTRIBUTING.md", "../../CHANGELOG.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range path.FindAllSubmatch(text, -1) {
			names++
			if _, err := os.Stat(filepath.Join("../..", string(name[1]))); err != nil {
				t.Errorf("%s names %s, which is not there", filepath.Base(page), name[1])
			}
		}
	}
	if names < 50 {
		t.Errorf("only %d paths were found", names)
	}
}

// CONTRIBUTING.md names each file that knows which events move a peer: of several that count
// presences, one that is forgotten counts otherwise than the others.
func TestContributingNamesWhoKnowsTheEvents(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(guide), "\n## To add an event that moves a peer\n")
	section, _, _ = strings.Cut(section, "\n## ")
	quoted := regexp.MustCompile(`['"]PEER_LEAVING['"]`)
	found := 0
	for _, folder := range []string{"internal", "migrations/analytics"} {
		err := filepath.WalkDir(filepath.Join("../..", folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() && slices.Contains([]string{"before", "testdata", "bench"}, entry.Name()) {
				return cmp.Or(err, fs.SkipDir)
			}
			if ext := filepath.Ext(path); ext != ".sql" && ext != ".go" || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			text, err := os.ReadFile(path)
			if name, _ := filepath.Rel("../..", path); err == nil && quoted.Match(text) {
				if found++; !strings.Contains(section, "`"+name+"`") {
					t.Errorf("%s knows the events that move a peer: name it in the section about them in CONTRIBUTING.md", name)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if named := len(regexp.MustCompile("`(?:internal|migrations)/[^`]*\\.(?:go|sql)`").FindAllString(section, -1)); found < 5 || named != found {
		t.Errorf("%d files know the events, and %d are named in CONTRIBUTING.md", found, named)
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

// A row of docs/configuration.md that names commands names those that take the variable.
func TestConfigurationNamesTheCommands(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	var grammar cli
	parser, err := newParser(&grammar, io.Discard, io.Discard, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	takers, commands := map[string][]string{}, map[string]bool{}
	for _, command := range parser.Model.Leaves(true) {
		commands[strings.Fields(command.Path())[0]] = true
		for _, flag := range command.Flags {
			for _, name := range flag.Envs {
				takers[name] = append(takers[name], strings.Fields(command.Path())[0])
			}
		}
	}
	rows := regexp.MustCompile("(?m)^\\| ([^|]+) \\|[^|]*\\| ((?:`[a-z]+[^`]*`(?:, )?)+): ").FindAllSubmatch(page, -1)
	for _, row := range rows {
		var named, take []string
		for _, command := range regexp.MustCompile("`([a-z]+)").FindAllSubmatch(row[2], -1) {
			named = append(named, string(command[1]))
		}
		if !commands[named[0]] { // a value
			continue
		}
		for _, name := range regexp.MustCompile("[A-Z][A-Z_]+").FindAllString(string(row[1]), -1) {
			take = append(take, takers[name]...)
			take = append(take, takers[name+"_FILE"]...)
		}
		slices.Sort(named)
		slices.Sort(take)
		if take = slices.Compact(take); !slices.Equal(named, take) {
			t.Errorf("docs/configuration.md has %s for %v, and %v take it", row[1], named, take)
		}
	}
	if len(rows) < 12 {
		t.Errorf("only %d rows name commands", len(rows))
	}
}
