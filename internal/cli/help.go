package cli

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
)

// narrowColumns is the width below which the two columns of a help text would leave
// too little for the second.
const narrowColumns = 60

// helpPrinter prints a help text. On a narrow terminal what explains a flag or a command
// stands below it.
func helpPrinter(options kong.HelpOptions, ctx *kong.Context) error {
	width, _, ok := terminalSize(ctx.Stdout)
	if !ok || width >= narrowColumns {
		return kong.DefaultHelpPrinter(options, ctx)
	}
	stdout := ctx.Stdout
	var wide bytes.Buffer
	options.WrapUpperBound = 0
	ctx.Stdout = &wide
	err := kong.DefaultHelpPrinter(options, ctx)
	ctx.Stdout = stdout
	if err != nil {
		return err
	}
	printNarrow(&screen{w: stdout, width: width}, wide.String())
	return nil
}

// row matches a flag or a command with its text beside it or on the lines below.
var row = regexp.MustCompile(`^(  +\S.*?)(?: {2,}(\S.*))?$`)

// printNarrow writes a help text of two columns as one.
func printNarrow(s *screen, help string) {
	var lead string
	var words []string
	flush := func() {
		if len(words) > 0 {
			s.put(lead, "%s", strings.Join(words, " "))
		}
		lead, words = "", nil
	}
	const continued = "          " // further in than any flag
	for line := range strings.Lines(help) {
		line = strings.TrimRight(line, "\n")
		found := row.FindStringSubmatch(line)
		switch {
		case line == "":
			flush()
			s.line("")
		case strings.HasPrefix(line, continued):
			words = append(words, strings.TrimSpace(line))
		case found != nil:
			flush()
			s.put("  ", "%s", strings.TrimSpace(found[1]))
			if lead = "    "; found[2] != "" {
				words = []string{found[2]}
			}
		default:
			words = append(words, line)
		}
	}
	flush()
}
