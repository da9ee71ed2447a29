package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/joho/godotenv"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
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

// readEnvironment gives the variables of a .env file; none where there is no file.
func readEnvironment(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: the file %s cannot be read: %w", model.ErrUsage, path, err)
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF")) // as editors of Windows begin a file
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

// secretVariables each have another of the same name and _FILE: a file that holds
// the secret.
var secretVariables = []string{
	"CLOUDFLARE_API_TOKEN", "DATABASE_URL", "ROLLCALL_PRIVACY_KEY", "ROLLCALL_PING_URL", "ROLLCALL_NOTIFY_URL", "ROLLCALL_READER_PASSWORD",
	"ROLLCALL_LOADER_PASSWORD",
}

// decidedSecrets are those that the environment gives, in either way: a .env file
// then adds nothing to them.
func decidedSecrets() map[string]bool {
	decided := make(map[string]bool)
	for _, name := range secretVariables {
		decided[name] = os.Getenv(name) != "" || os.Getenv(name+"_FILE") != ""
	}
	return decided
}

// flagsFirst lets a flag of a secret, or of the file that holds it, go before the
// variables of both.
func flagsFirst(command *kong.Context) error {
	given := givenFlags(command)
	for _, name := range secretVariables {
		value, file := given[name], given[name+"_FILE"]
		switch {
		case value != "" && file != "":
			return fmt.Errorf("%w: %s and %s are two ways to say the same: give one of them", model.ErrUsage, value, file)
		case value != "":
			forget(command, name+"_FILE")
		case file != "":
			forget(command, name)
		}
	}
	return nil
}

// onceOnly lets --dry-run go before the variables that have a command stay and be watched:
// a container has them for the run that it is for.
func onceOnly(command *kong.Context) {
	given := givenFlags(command)
	looks := slices.ContainsFunc(command.Path, func(part *kong.Path) bool { return part.Flag != nil && part.Flag.Name == "dry-run" })
	for _, name := range []string{"ROLLCALL_EVERY", "ROLLCALL_METRICS_ADDR"} {
		if looks && given[name] == "" {
			forget(command, name)
		}
	}
}

// givenFlags gives the flags of the command line, by the variables that they override.
func givenFlags(command *kong.Context) map[string]string {
	given := make(map[string]string)
	for _, part := range command.Path {
		if part.Flag == nil || part.Resolved {
			continue
		}
		for _, name := range part.Flag.Envs {
			given[name] = "--" + part.Flag.Name
		}
	}
	return given
}

// asGiven names in an error about a variable the flag that was given in its place.
func asGiven(command *kong.Context, err error) error {
	if !errors.Is(err, model.ErrUsage) {
		return err
	}
	given, told := givenFlags(command), err.Error()
	text := word.ReplaceAllStringFunc(told, func(name string) string {
		if flag, ok := given[name]; ok && !strings.Contains(told, flag) {
			return flag
		}
		return name
	})
	if text == told {
		return err
	}
	return &toldError{text: text, cause: err}
}

// toldError is an error in other words.
type toldError struct {
	text  string
	cause error
}

// Error implements error.
func (e *toldError) Error() string { return e.text }

// Unwrap lets errors.Is see what it was.
func (e *toldError) Unwrap() error { return e.cause }

// word matches what may be the name of a variable.
var word = regexp.MustCompile(`[A-Z][A-Z_]+`)

// nameSchemas lets the flag of the schemas' prefix go before its variable, which is what the
// program asks, and refuses a prefix that cannot be one.
func nameSchemas(command *kong.Context) error {
	if givenFlags(command)[naming.Variable] != "" {
		for _, flag := range command.Flags() {
			if slices.Contains(flag.Envs, naming.Variable) {
				if err := os.Setenv(naming.Variable, flag.Target.String()); err != nil {
					return fmt.Errorf("%w: %s: %w", model.ErrUsage, naming.Variable, err)
				}
			}
		}
	}
	return naming.Check()
}

// forget takes back what a variable says.
func forget(command *kong.Context, name string) {
	_ = os.Unsetenv(name) // fails only for what is no name
	for _, flag := range command.Flags() {
		if slices.Contains(flag.Envs, name) {
			flag.Target.SetZero()
		}
	}
}
