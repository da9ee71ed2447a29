package report

import (
	"strings"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"github.com/rollcall-etl/rollcall/internal/alike"
)

// grouped writes a number with separators between thousands.
func grouped(f float64, digits int) string {
	return message.NewPrinter(language.English).Sprint(number.Decimal(f, number.Scale(digits)))
}

// clean makes control characters, which are no part of HTML, visible.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// nameOf gives what to call somebody: the first of the texts that has anything
// to see.
func nameOf(texts ...string) string {
	for _, text := range texts {
		if alike.Key(text) != "" {
			return clean(text)
		}
	}
	return "(no name)"
}

// labelOf is nameOf for a label in a chart, which nothing isolates from its
// neighbours: it loses the characters that turn the direction of what follows.
func labelOf(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' {
			return -1
		}
		return r
	}, name)
}

// counted writes "1 person", "2 people".
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(float64(n), 0) + " " + many
}
