package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/joho/godotenv"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// ownVariables are the prefixes and names of the environment that Rollcall reads.
var ownVariables = []string{"ROLLCALL_", "CLOUDFLARE_", "REALTIMEKIT_", "DATABASE_URL"}

// environmentFile is read from the working directory.
const environmentFile = ".env"

// exposed gives the command that takes from others what they may do with a .env
// file that holds a secret; "" where nobody else can read or change it. A group
// may read: that is how a service gets at a file of root's.
func exposed(path string) (fix string) {
	const othersRead, othersWrite, groupWrite, othersEnter = 0o004, 0o002, 0o020, 0o001
	path, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	file, err := os.Stat(path)
	folder, folderErr := os.Stat(filepath.Dir(path))
	if err != nil || folderErr != nil {
		return "" // it is not there
	}
	others := file.Mode() & (othersRead | othersWrite)
	if folder.Mode()&othersEnter == 0 {
		others = 0
	}
	values, err := readEnvironment(path)
	if err != nil || others == 0 && file.Mode()&groupWrite == 0 {
		return ""
	}
	for _, name := range secretVariables {
		if values[name] != "" {
			return "chmod o-rwx,g-w " + path
		}
	}
	return ""
}

// loadEnvironment reads a .env file where present; the real environment goes
// before it. A variable that is set to nothing counts as not set, as compose files
// and unit files often leave it: the file fills it.
func loadEnvironment(path string) error {
	values, err := readEnvironment(path)
	if err != nil {
		return err
	}
	decided := decidedSecrets()
	for name, value := range values {
		if os.Getenv(name) != "" || decided[strings.TrimSuffix(name, "_FILE")] {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("%w: the file %s: set %s: %w", model.ErrUsage, path, name, err)
		}
	}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if value != "" {
			continue
		}
		for _, own := range ownVariables {
			if strings.HasPrefix(name, own) {
				if err := os.Unsetenv(name); err != nil {
					return fmt.Errorf("unset %s: %w", name, err)
				}
			}
		}
	}
	return nil
}

// withoutMark leaves out the byte order mark with which editors of Windows begin a file.
func withoutMark(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\uFEFF")) }

// readEnvironment gives the variables of a .env file; none where there is no file.
func readEnvironment(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the file %s cannot be read: %w", model.ErrUsage, path, err)
	}
	text = withoutMark(text)
	if bytes.IndexByte(text, 0) >= 0 {
		return nil, fmt.Errorf("%w: the file %s is no text in UTF-8: save it as such", model.ErrUsage, path)
	}
	values, err := parseEnvironment(text)
	if err != nil { // its text may repeat a line of the file, and with it a secret
		return nil, fmt.Errorf("%w: the file %s must hold lines of the form NAME=value, and line %d does not", model.ErrUsage, path, wrongLine(text))
	}
	return values, nil
}

// errNoName is a line that gives no variable a value: the library takes one without a sign
// for the value of a variable without a name.
var errNoName = errors.New("no name")

// parseEnvironment gives the variables of the text of a .env file.
func parseEnvironment(text []byte) (map[string]string, error) {
	values, err := godotenv.UnmarshalBytes(text)
	for name := range values {
		if name == "" || strings.ContainsAny(name, " \t") {
			return nil, errNoName
		}
	}
	return values, err
}

// wrongLine gives the number of the first line of a .env file that cannot be read: the
// one after the most lines that can, a value in quotes being of several.
func wrongLine(text []byte) int {
	lines := bytes.SplitAfter(text, []byte("\n"))
	good := min(len(lines), mostLines)
	for ; good > 0; good-- {
		if _, err := parseEnvironment(bytes.Join(lines[:good], nil)); err == nil {
			break
		}
	}
	for good+1 < len(lines) {
		if line := bytes.TrimSpace(lines[good]); len(line) > 0 && line[0] != '#' {
			break
		}
		good++
	}
	return good + 1
}

// mostLines is how many lines of a broken .env file are looked at.
const mostLines = 1000
