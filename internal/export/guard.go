package export

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// formulaStarts are the characters with which spreadsheets begin a formula, in
// both widths.
const formulaStarts = "=+-@＝＋－＠"

// separators are what spreadsheets split a file at, whatever it was written with: a
// text that holds one becomes several cells where the file is opened by another.
const separators = ",;|\t\r\n\v\f\u0085\u2028\u2029"

// disarm puts an apostrophe before each part of a text that a spreadsheet would run
// if it were a cell of its own. Blanks and quotes in front of a formula do not hide
// it; of a line end or tab in front of all, some spreadsheets drop it and look again.
func disarm(text string) string {
	if !strings.ContainsAny(text, formulaStarts+"\t\r\n") {
		return text
	}
	var b strings.Builder
	begins, cell := true, 0 // whether nothing but blanks and quotes came since the byte cell
	if strings.IndexAny(text, "\t\r\n") == 0 {
		b.WriteByte('\'')
	}
	for i, r := range text {
		switch {
		case strings.ContainsRune(separators, r):
			next := i + utf8.RuneLen(r)
			b.WriteString(text[cell:next])
			begins, cell = true, next
		case begins && strings.ContainsRune(formulaStarts, r):
			b.WriteByte('\'')
			begins = false
		case r != '"' && !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r):
			begins = false
		}
	}
	b.WriteString(text[cell:])
	return b.String()
}

// asNumber matches texts that a spreadsheet would make a number, a date, a time or
// an amount of, in the digits of any script: "00451" becomes 451, "2E7" 20000000, "5-11"
// a day in May.
var asNumber = regexp.MustCompile(`(?i)^[\s\p{Sc}(+\-.,]*\p{Nd}[\p{Nd}\s.,:/\\'()%+\-\p{Sc}]*(e[+\-]?[0-9]+)?[\s%)\p{Sc}]*(\s[ap]\.?|[ap]\.?m\.?)?$`)

// months are names of months that a spreadsheet reads in the language of its system:
// English with whatever follows, then German, French, Spanish, Italian, Portuguese, Dutch,
// the Scandinavian languages, Polish and Turkish.
const months = `(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\p{L}*` +
	`|jän(ner)?|märz?|mrz|mai|okt(ober)?|dez(ember)?|févr?(ier)?|avr(il)?|juin|juil(let)?|ao[uû]t?|déc(embre)?` +
	`|ene(ro)?|abr(il)?|ago(sto)?|set(iembre)?|dic(iembre)?|gen(naio)?|mag(gio)?|giu(gno)?|lug(lio)?|sett(embre)?|ott(obre)?|dicembre` +
	`|fev(ereiro)?|maio|setembro|out(ubro)?|dezembro|mrt|maart|mei|maj|des(ember)?` +
	`|sty(czeń|cznia)?|lut(y|ego)?|kwi(ecień|etnia)?|maja|cze(rwiec|rwca)?|lip(iec|ca)?|sie(rpień|rpnia)?|wrz(esień|eśnia)?|pa[zź](dziernika?)?|lis(topada?)?|gru(dzień|dnia)?` +
	`|ocak?|şub(at)?|nis(an)?|haz(iran)?|tem(muz)?|ağu(stos)?|eyl(ül)?|ekim?|kas(ım)?|ara(lık)?`

// asDay matches days with the name of a month.
var asDay = regexp.MustCompile(`(?i)^(\p{Nd}{1,4}[\s.,/\-]*)?(` + months + `)[\s.,/\-]*\p{Nd}{0,4}[\s.,/\-]*\p{Nd}{0,4}$`)

// asTruth matches true and false in the same languages.
var asTruth = regexp.MustCompile(`(?i)^(true|false|wahr|falsch|vrai|faux|verdadero|verdadeiro|falso|vero|waar|onwaar|sann|sant|sand|falskt?|usann|prawda|fałsz|doğru|yanlış)$`)

// keepText is disarm for a spreadsheet that guesses types: what it would change gets
// an apostrophe as well.
func keepText(text string) string {
	if asNumber.MatchString(text) || hasDigit(text) && asDay.MatchString(text) || asTruth.MatchString(text) {
		return "'" + text
	}
	return disarm(text)
}

func hasDigit(text string) bool { return strings.ContainsFunc(text, unicode.IsDigit) }
