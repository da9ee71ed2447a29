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
// an amount of: "00451" becomes 451, "2E7" 20000000, "5-11" a day in May.
var asNumber = regexp.MustCompile(`(?i)^[\s\p{Sc}(+\-.,]*[0-9][0-9\s.,:/\\'()%+\-\p{Sc}]*(e[+\-]?[0-9]+)?[\s%)\p{Sc}]*(\s[ap]\.?|[ap]\.?m\.?)?$`)

// asDay matches days with the name of a month.
var asDay = regexp.MustCompile(`(?i)^([0-9]{1,4}[\s.,/\-]*)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[\s.,/\-]*[0-9]{0,4}[\s.,/\-]*[0-9]{0,4}$`)

// keepText is disarm for a spreadsheet that guesses types: what it would change gets
// an apostrophe as well.
func keepText(text string) string {
	if asNumber.MatchString(text) || hasDigit(text) && asDay.MatchString(text) || strings.EqualFold(text, "true") || strings.EqualFold(text, "false") {
		return "'" + text
	}
	return disarm(text)
}

func hasDigit(text string) bool { return strings.ContainsFunc(text, unicode.IsDigit) }
