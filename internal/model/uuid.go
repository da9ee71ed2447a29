package model

import (
	"encoding/hex"
	"fmt"
)

// UUID is a 128-bit identifier in network byte order, the binary form that
// Postgres uses. The zero value stands for "no identifier".
type UUID [16]byte

// ParseUUID reads the 36-character form, in either case. Other forms (braces,
// no hyphens) are not identifiers that RealtimeKit documents and are refused.
func ParseUUID(s string) (UUID, error) {
	var id UUID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return UUID{}, fmt.Errorf("%q is not a UUID", clip(s))
	}
	for i, at := range digitPairs {
		high, low := nibble(s[at]), nibble(s[at+1])
		if high > 15 || low > 15 {
			return UUID{}, fmt.Errorf("%q is not a UUID", clip(s))
		}
		id[i] = high<<4 | low
	}
	return id, nil
}

// digitPairs are the positions of the sixteen bytes in the 36-character form.
var digitPairs = [16]int{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

// nibble gives the value of a hexadecimal digit, or 255 for any other byte.
func nibble(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// IsZero reports whether id is the zero value, which stands for "no identifier".
func (id UUID) IsZero() bool { return id == UUID{} }

// String gives the lower-case 36-character form.
func (id UUID) String() string {
	var out [36]byte
	hex.Encode(out[0:8], id[0:4])
	out[8] = '-'
	hex.Encode(out[9:13], id[4:6])
	out[13] = '-'
	hex.Encode(out[14:18], id[6:8])
	out[18] = '-'
	hex.Encode(out[19:23], id[8:10])
	out[23] = '-'
	hex.Encode(out[24:36], id[10:16])
	return string(out[:])
}

// clip shortens a raw value for an error message.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
