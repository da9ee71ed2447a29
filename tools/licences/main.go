// Command licences writes docs/licences.md: the modules that end up in the
// program, with the licence that a classifier finds in their folder. With -check
// it compares instead, and fails where the page is not current. It fails where a
// licence is not known or asks for more than to be named.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// allowed are the licences that a program under MIT may contain.
var allowed = []string{"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "MPL-2.0", "Unlicense", "CC0-1.0"}

// enough is the least share, in percent, of a file that must be the text of
// licences that are known.
const enough = 75

// systems are those that the program is built for; each has dependencies of its
// own.
var systems = []string{"linux", "darwin"}

type module struct {
	Path, Version, Dir string
	Main               bool
}

func main() {
	check := flag.Bool("check", false, "compare instead of writing")
	page := flag.String("page", "docs/licences.md", "the page")
	flag.Parse()
	if err := run(*page, *check); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run(page string, check bool) error {
	modules, err := shipped()
	if err != nil {
		return err
	}
	text, err := render(modules)
	if err != nil {
		return err
	}
	if !check {
		return os.WriteFile(page, text, 0o644) //nolint:gosec // a page of documentation
	}
	have, err := os.ReadFile(page) //nolint:gosec // the page that was named
	if err != nil {
		return err
	}
	if !bytes.Equal(have, text) {
		return fmt.Errorf("%s is not current: see tools/licences", page)
	}
	fmt.Printf("%d modules, all under licences that are allowed\n", len(modules))
	return nil
}

// shipped lists the modules that have a package in the program, on any system.
func shipped() ([]module, error) {
	byPath := make(map[string]module)
	for _, system := range systems {
		list := exec.Command("go", "list", "-deps", "-json=Module", "github.com/rollcall-etl/rollcall/cmd/sync")
		list.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		list.Stderr = os.Stderr
		out, err := list.Output()
		if err != nil {
			return nil, fmt.Errorf("list the dependencies: %w", err)
		}
		for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
			var p struct{ Module *module }
			if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("read the list of dependencies: %w", err)
			}
			if p.Module != nil && !p.Module.Main {
				byPath[p.Module.Path] = *p.Module
			}
		}
	}
	var all []module
	for _, m := range byPath {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

func render(modules []module) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# Licences of what the program contains\n\nWritten by `tools/licences` from the modules that `go list -deps` names for Linux and macOS; `.ci/run licences` fails where this page is not current, or where a licence is not one of " + strings.Join(allowed, ", ") + ". The Go standard library is under BSD-3-Clause. What only tests and tools use is not in the program and not listed.\n\n| module | version | licence | file |\n|---|---|---|---|\n")
	var failures error
	for _, m := range modules {
		kinds, file, err := licence(m.Dir)
		if err != nil {
			failures = errors.Join(failures, fmt.Errorf("%s %s: %w", m.Path, m.Version, err))
			continue
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.Path, m.Version, strings.Join(kinds, " and "), file)
	}
	return b.Bytes(), failures
}

// licence classifies the licence file of a module.
func licence(dir string) (kinds []string, file string, err error) {
	for _, pattern := range []string{"LICENSE*", "LICENCE*", "COPYING*", "License*", "license*"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, "", err
		}
		for _, path := range files {
			text, err := os.ReadFile(path) //nolint:gosec // a file of a module that the build uses
			if err != nil {
				return nil, "", err
			}
			cover := licensecheck.Scan(text)
			for _, match := range cover.Match {
				if !slices.Contains(allowed, match.ID) {
					return nil, "", fmt.Errorf("%s holds %s, which is not allowed", filepath.Base(path), match.ID)
				}
				if !slices.Contains(kinds, match.ID) {
					kinds = append(kinds, match.ID)
				}
			}
			if cover.Percent < enough {
				return nil, "", fmt.Errorf("only %.0f %% of %s is a licence that is known", cover.Percent, filepath.Base(path))
			}
			return kinds, filepath.Base(path), nil
		}
	}
	return nil, "", errors.New("no licence file")
}
