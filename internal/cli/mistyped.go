package cli

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// otherVariables are those of ours that no flag stands for.
var otherVariables = []string{"ROLLCALL_POSTGRES_BIN"}

// ofServices are what Kubernetes sets for a service that is called rollcall.
var ofServices = regexp.MustCompile(`^ROLLCALL_(?:\w+_)?(?:SERVICE_(?:HOST|PORT)\w*|PORT(?:_\d+\w*)?)$`)

// warnOfMistyped warns of variables that look like ours and are none: a warehouse
// whose address is mistyped would be loaded into a private server, where nobody looks.
func warnOfMistyped(ctx context.Context, log logger, parser *kong.Kong) {
	known := knownVariables(parser)
	var set []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		set = append(set, name)
	}
	slices.Sort(set)
	for _, name := range set {
		if meant, wrong := mistyped(name, set, known); wrong {
			log.WarnContext(ctx, "Rollcall does not know a variable of the environment or of .env; it has no effect", "name", name, "meant", meant)
		}
	}
}

// knownVariables lists the variables that the program reads.
func knownVariables(parser *kong.Kong) []string {
	known := slices.Clone(otherVariables)
	_ = kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error { // the visit itself fails never
		if flag, ok := node.(*kong.Flag); ok {
			known = append(known, flag.Envs...)
		}
		return next(nil)
	})
	return append(known, secretVariables...)
}

// mistyped tells whether a variable looks like one of those that are known, and
// which may be meant: one that is not set as well.
func mistyped(name string, set, known []string) (meant string, wrong bool) {
	if slices.Contains(known, name) || ofServices.MatchString(name) {
		return "", false
	}
	if file := name + "_FILE"; slices.Contains(known, file) && !slices.Contains(set, file) { // the secrets alone have both
		return file, true
	}
	best := 3
	for _, other := range known {
		if d := distance(name, other); d < best && !slices.Contains(set, other) {
			meant, best = other, d
		}
	}
	return meant, meant != "" || strings.HasPrefix(name, "ROLLCALL_")
}

// distance counts the letters to put in, leave out or change to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost = 1 + min(before, row[j], row[j+1])
			}
			before, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
