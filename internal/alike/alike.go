// Package alike tells which names, titles and ids people take for the same, whatever the
// collation of a database: those that differ in upper and lower case, in spaces, in
// characters that nobody sees, or in how Unicode writes a letter.
package alike

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Key is the same for texts that look alike, and empty where there is nothing to see.
func Key(text string) string {
	// Folding may leave letters that Unicode writes in another way.
	folded := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(text)))
	return strings.Join(strings.Fields(strings.Map(seen, folded)), " ")
}

// blank is the empty pattern of Braille, which is a letter for Unicode.
const blank = '\u2800'

// seen drops what has no width, and makes a space of what is blank.
func seen(r rune) rune {
	switch {
	case r == blank:
		return ' '
	case unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return -1
	}
	return r
}

// Keys gives those of several texts.
func Keys(texts ...string) []string {
	keys := make([]string, len(texts))
	for i, text := range texts {
		keys[i] = Key(text)
	}
	return keys
}

// Others gives those of all that look like a given one and are none of them.
func Others(all []string, given ...string) (others []string) {
	keys := Keys(given...)
	for _, text := range all {
		if slices.Contains(keys, Key(text)) && !slices.Contains(given, text) {
			others = append(others, text)
		}
	}
	return others
}
