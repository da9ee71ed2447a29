package cli

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
)

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
