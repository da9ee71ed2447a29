package privacy

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Identifier is one of a person, as it may stand in a text.
type Identifier struct {
	Kind Kind
	Text string
}

// Words are identifiers to be found in running text. Those shorter than
// CertainLength could be anything: they are looked for under the names of
// identifiers only.
type Words struct {
	certain map[string]bool
	odd     []string // of these, what is more than a word; the longest first
	short   []Identifier
}

// NewWords takes identifiers; a UUID is looked for in either case.
func NewWords(ids []Identifier) Words {
	w := Words{certain: make(map[string]bool)}
	for _, id := range ids {
		if _, err := model.ParseUUID(id.Text); err == nil {
			w.certain[strings.ToLower(id.Text)], w.certain[strings.ToUpper(id.Text)] = true, true
		} else if len(id.Text) >= CertainLength {
			w.certain[id.Text] = true
		} else if !slices.Contains(w.short, id) {
			w.short = append(w.short, id)
		}
	}
	for id := range w.certain {
		if wordInText.FindString(id) != id {
			w.odd = append(w.odd, id)
		}
	}
	slices.SortFunc(w.odd, func(a, b string) int { return len(b) - len(a) }) // the longer is the more certain
	return w
}

// Spelt gives texts of which one is in every text that Mask would change.
func (w Words) Spelt() []string { return slices.Collect(maps.Keys(w.certain)) }

// SpeltInJSON does so for MaskJSON, for JSON with a space behind each colon; quote
// gives a text in quotes as it is spelt there.
func (w Words) SpeltInJSON(quote func(string) string) (texts []string) {
	for id := range w.certain {
		quoted := quote(id)
		texts = append(texts, quoted[1:len(quoted)-1])
	}
	for _, id := range w.short {
		texts = append(texts, `": `+quote(id.Text), `": `+id.Text)
	}
	return texts
}

// Mask puts ErasedText in the place of each identifier that stands by itself:
// student-1 is not in student-12.
func (w Words) Mask(text string) (masked string, changed bool) {
	for _, id := range w.odd {
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
	text = wordInText.ReplaceAllStringFunc(text, func(word string) string {
		if !w.certain[word] {
			return word
		}
		changed = true
		return ErasedText
	})
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

// MaskJSON does the same in the texts and names of a JSON text. A number, and a
// short identifier, is masked where it is the value as a whole.
func (w Words) MaskJSON(raw string) (masked string, changed bool) {
	masked = rewriteTokens(raw, func(t token) (string, bool) {
		if t.kind != nameToken && w.isShort(t.member, t.text) || t.kind == bareToken && w.certain[t.text] {
			changed = true
			return ErasedText, true
		}
		if t.kind == bareToken {
			return "", false
		}
		clean, found := w.Mask(t.text)
		changed = changed || found
		return clean, found
	})
	return masked, changed
}

func (w Words) isShort(member, text string) bool {
	kind, known := identifierMembers[member]
	return known && slices.Contains(w.short, Identifier{kind, text})
}

// AreOf reports whether a rejected record is about the person whom the words name.
func (w Words) AreOf(r *model.Rejected) bool {
	if _, inKey := w.Mask(r.Key); inKey {
		return true
	}
	return isOf(r, func(member, text string) bool {
		_, found := w.Mask(text)
		return found || w.isShort(member, text)
	})
}
