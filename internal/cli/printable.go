package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// hidden reports a character that a terminal obeys instead of showing it:
// controls, those of the upper half (C1) too, what changes the direction of
// writing, what takes no room, line and paragraph separators. The two joiners
// stay: Persian and Hindi names and emoji are written with them.
func hidden(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) && r != nonJoiner && r != joiner
}

// oneLine makes a text safe for one line of a terminal: names and messages come
// from elsewhere and may hold what a terminal obeys. In its place, and in that
// of broken UTF-8, stands U+FFFD.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case hidden(r):
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// plainJSON writes JSON on so that it can be looked at on a terminal: encoders
// leave some of the hidden characters as they are, and within a JSON text, the
// only place where they can stand, an escape means the same. Each Write must end
// at the end of a character, as that of an encoder does.
type plainJSON struct{ io.Writer }

// Write implements io.Writer.
func (w plainJSON) Write(p []byte) (int, error) {
	text := p
	for i := 0; i < len(p); {
		r, size := utf8.DecodeRune(p[i:])
		i += size
		if hidden(r) && r != '\n' && r != '\t' && r != '\r' { // those three stand between values
			text = escapeHidden(p)
			break
		}
	}
	if _, err := w.Writer.Write(text); err != nil {
		return 0, err
	}
	return len(p), nil
}

func escapeHidden(p []byte) []byte {
	var b strings.Builder
	for _, r := range string(p) {
		switch {
		case !hidden(r) || r == '\n' || r == '\t' || r == '\r':
			b.WriteRune(r)
		case r > 0xffff:
			high, low := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return []byte(b.String())
}
