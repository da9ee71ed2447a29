package privacy

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words are identifiers to be found in running text. Those shorter than
// CertainLength could be anything and are not looked for.
type Words []string

// NewWords takes what is long enough of the identifiers.
func NewWords(ids []string) Words {
	words := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return len(id) < CertainLength })
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) }) // the longer is the more certain
	return words
}

// Mask puts ErasedText in the place of each identifier that stands by itself:
// student-1 is not in student-12.
func (w Words) Mask(text string) (masked string, changed bool) {
	for _, id := range w {
		var out strings.Builder
		copied := 0
		for at := 0; ; {
			next := strings.Index(text[at:], id)
			if next < 0 {
				break
			}
			from, to := at+next, at+next+len(id)
			at = from + 1
			if !goesOn(text[to:], utf8.DecodeRuneInString, false) && !goesOn(text[:from], utf8.DecodeLastRuneInString, true) {
				out.WriteString(text[copied:from] + ErasedText)
				copied, at, changed = to, to, true
			}
		}
		if copied > 0 {
			text = out.String() + text[copied:]
		}
	}
	return text, changed
}

// goesOn reports whether an identifier goes on in the text beside it: with a
// letter or digit, or with a mark and one of these behind it.
func goesOn(text string, next func(string) (rune, int), before bool) bool {
	first, size := next(text)
	if size == 0 || !strings.ContainsRune("-.@+", first) {
		return isWord(first, size)
	}
	if before {
		return isWord(next(text[:len(text)-size]))
	}
	return isWord(next(text[size:]))
}

func isWord(r rune, size int) bool {
	return size > 0 && (r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r))
}

// MaskJSON does the same in the texts and names of a JSON text. A number is
// masked where it is the identifier as a whole.
func (w Words) MaskJSON(raw string) (masked string, changed bool) {
	masked = rewriteTokens(raw, func(_, text string, kind token) (string, bool) {
		if kind == bareToken {
			found := slices.Contains(w, text)
			changed = changed || found
			return ErasedText, found
		}
		clean, found := w.Mask(text)
		changed = changed || found
		return clean, found
	})
	return masked, changed
}
