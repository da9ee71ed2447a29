package cli

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// parse reads the command line. A flag goes before its variable also where nobody can read
// what that says, and an error names the variable where it is at fault. done tells that
// --help or --version has printed its text.
func parse(parser *kong.Kong, args []string, done func() bool) (*kong.Context, error) {
	for {
		command, err := parser.Parse(args)
		flag, rest := blamed(err)
		if done() || flag == nil {
			return command, err
		}
		rest, _, unreadable := strings.Cut(rest, " (from envar ")
		switch given := isGiven(args, flag); {
		case given && unreadable:
			if err := os.Unsetenv(flag.Envs[0]); err != nil {
				return command, err
			}
		case given:
			return command, err
		default:
			return command, errors.New(flag.Envs[0] + rest)
		}
	}
}

// blamed gives the flag that an error begins with, and the rest of its text, where a
// variable may have given the value; nil for any other error.
func blamed(err error) (flag *kong.Flag, rest string) {
	refused, ok := errors.AsType[*kong.ParseError](err)
	if !ok || refused.Context == nil {
		return nil, ""
	}
	for _, flag := range refused.Context.Flags() {
		rest, found := strings.CutPrefix(err.Error(), "--"+flag.Name)
		if found && strings.IndexAny(rest, ": ") == 0 && len(flag.Envs) > 0 && os.Getenv(flag.Envs[0]) != "" {
			return flag, rest
		}
	}
	return nil, ""
}

// isGiven tells whether arguments give a flag.
func isGiven(args []string, flag *kong.Flag) bool {
	name := "--" + flag.Name
	return slices.ContainsFunc(args, func(arg string) bool { return arg == name || strings.HasPrefix(arg, name+"=") })
}
