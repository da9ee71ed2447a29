package model

import (
	"encoding/binary"
	"strings"
)

// Kinds of what was stored under an id in other letters.
const (
	FoldedAccount = "account"
	FoldedApp     = "app"
	FoldedMeeting = "meeting"
)

// Folded is what was stored under an id in other letters.
type Folded struct {
	Kind string // one of the Folded constants
	Was  string // the id as it was
}

// ID is the id under which it is stored now.
func (f Folded) ID() string {
	if f.Kind == FoldedAccount {
		return FoldAccountID(f.Was)
	}
	return FoldID(f.Was)
}

// FoldID gives an identifier that is a UUID in lower case, as the API writes it, and
// any other as it is: the same app in other letters is no other app.
func FoldID(s string) string {
	if len(s) == 36 && s[8] == '-' && isHexInCapitals(s, '-') {
		if id, err := ParseUUID(s); err == nil {
			return id.String()
		}
	}
	return s
}

// FoldAccountID does so with the id of an account, which has 32 hexadecimal digits, or
// of an organization of the older API, which is a UUID.
func FoldAccountID(s string) string {
	if len(s) == 32 && isHexInCapitals(s, 0) {
		return strings.ToLower(s)
	}
	return FoldID(s)
}

// isHexInCapitals reports whether a text has hexadecimal digits only, between which
// there may be separators, and one of them is a capital: most need no change, which is
// looked for first.
func isHexInCapitals(s string, separator byte) bool {
	if !mayHaveCapitals(s) {
		return false
	}
	capital := false
	for i := range len(s) {
		c := s[i]
		capital = capital || 'A' <= c && c <= 'F'
		if c != separator && nibble(c) > 15 {
			return false
		}
	}
	return capital
}

// mayHaveCapitals looks at eight bytes at once for one from 0x40 to 0x5f or above 0xbf,
// where capitals are. It is asked of each id of each record.
func mayHaveCapitals(s string) bool {
	const bit6 = 0x4040404040404040
	var found uint64
	for ; len(s) >= 8; s = s[8:] {
		word := binary.LittleEndian.Uint64([]byte(s[:8]))
		found |= word &^ (word << 1)
	}
	for i := range len(s) {
		found |= uint64(s[i] &^ (s[i] << 1))
	}
	return found&bit6 != 0
}
