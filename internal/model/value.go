package model

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxIdentifierBytes bounds every identifier kept as text (app, meeting, user
// and custom participant ids, preset names and view types). They are indexed, and a Postgres B-tree refuses
// entries beyond about 2,700 bytes.
const MaxIdentifierBytes = 512

// Bounds of a number, either way: whatever is computed from numbers within them
// (sums, products, averages) stays within a double, which Postgres insists on.
// What is nearer to zero than the smallest is zero.
const (
	largestNumber  = 1e100
	smallestNumber = 1e-100
)

// Number is a JSON number that may be absent. The zero value is "no value".
type Number struct {
	Value float64
	Valid bool
}

// IsNoValue reports whether a raw text stands for "no value". RealtimeKit's own
// samples print an absent ended_at as the string "null".
func IsNoValue(raw string) bool { return raw == "" || raw == "null" }

// timeLayouts are the forms seen in the vendor's documents, the strict one
// first. Fractions of any length are accepted by time.Parse after the seconds.
var timeLayouts = []string{
	time.RFC3339,
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02 15:04:05Z0700",
	"2006-01-02T15:04:05Z07",
	"2006-01-02 15:04:05Z07",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05",
}

// ParseTime reads a timestamp into UTC, at the microsecond resolution that
// Postgres keeps. mended reports that raw was not the plain form
// 2006-01-02T15:04:05[.fraction]Z (or +00:00), or that something finer than a microsecond
// was cut off: a stray quote, a space for the T, an offset other than Z, or no
// zone at all (read as UTC, since every documented sample is UTC). The zero time stands for "no
// value"; mended is true for the string "null" and false for "".
func ParseTime(raw string) (t time.Time, mended bool, err error) {
	if t, ok := parsePlainTime(raw); ok {
		return t, false, nil
	}
	if IsNoValue(raw) {
		return time.Time{}, raw != "", nil
	}
	text := strings.Trim(raw, " \t\r\n\"'")
	if IsNoValue(text) {
		return time.Time{}, true, nil
	}
	for _, layout := range timeLayouts {
		t, err = time.Parse(layout, text)
		if err == nil {
			break
		}
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("%q is not a timestamp", clip(raw))
	}
	utc := t.UTC().Truncate(time.Microsecond)
	if utc.Year() < 1 || utc.Year() > 9999 {
		return time.Time{}, false, fmt.Errorf("timestamp %q is out of range", clip(raw))
	}
	if utc.IsZero() {
		return time.Time{}, true, nil // year 1 is how Go programs print "no time"
	}
	return utc, !isPlainTime(raw) || !utc.Equal(t), nil
}

// longestKnown is longer than any meeting or recording lasts.
const longestKnown = 744 * time.Hour

// IsFarBehind reports whether a time lies so far behind all others of its record that it
// cannot be true, such as an end in 9999. Where there are no others it may be.
func IsFarBehind(t time.Time, others ...time.Time) bool {
	var last time.Time
	for _, other := range others {
		if other.After(last) {
			last = other
		}
	}
	return !last.IsZero() && t.After(last.Add(longestKnown))
}

// parsePlainTime reads 2006-01-02T15:04:05[.fraction]Z with at most six digits
// behind the point, which is what a page holds thousands of. Whatever is unusual
// about a time is left to the slower way.
func parsePlainTime(raw string) (time.Time, bool) {
	if len(raw) < 20 || len(raw) > 27 || raw[4] != '-' || raw[7] != '-' || raw[10] != 'T' ||
		raw[13] != ':' || raw[16] != ':' || raw[len(raw)-1] != 'Z' {
		return time.Time{}, false
	}
	nanoseconds := 0
	if fraction := raw[19 : len(raw)-1]; fraction != "" {
		if fraction[0] != '.' || len(fraction) == 1 {
			return time.Time{}, false
		}
		if nanoseconds = digits(fraction[1:]); nanoseconds < 0 {
			return time.Time{}, false
		}
		for range 10 - len(fraction) {
			nanoseconds *= 10
		}
	}
	year, month, day := digits(raw[0:4]), digits(raw[5:7]), digits(raw[8:10])
	hour, minute, second := digits(raw[11:13]), digits(raw[14:16]), digits(raw[17:19])
	if year < 2 || month < 1 || month > 12 || day < 1 ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanoseconds, time.UTC)
	return t, t.Day() == day // or the month has no such day
}

// digits reads a short whole number; it is below 0 for anything else.
func digits(text string) int {
	n := 0
	for i := range len(text) {
		d := text[i] - '0'
		if d > 9 {
			return -1 << 20
		}
		n = n*10 + int(d)
	}
	return n
}

// isPlainTime reports whether raw already has the form that needs no mending.
func isPlainTime(raw string) bool {
	const plain = "2006-01-02T15:04:05"
	if utc, found := strings.CutSuffix(raw, "+00:00"); found {
		raw = utc + "Z" // the same said longer
	}
	return len(raw) > len(plain) && raw[10] == 'T' && raw[13] == ':' && raw[16] == ':' &&
		(raw[19] == '.' || raw[19] == 'Z') && raw[len(raw)-1] == 'Z'
}

// errNotNumber is wrapped by the errors of ParseNumber and ParseCount.
var errNotNumber = errors.New("not a number")

// isNoDecimal tells which characters no decimal number has.
func isNoDecimal(c rune) bool {
	switch c {
	case '+', '-', '.', 'e', 'E':
		return false
	}
	return c < '0' || c > '9'
}

// ParseNumber reads a decimal number as JSON writes them. Values beyond ±1e100,
// and words such as NaN, are errors; what lies within 1e-100 of zero is 0.
func ParseNumber(raw string) (Number, error) {
	text := strings.TrimSpace(raw)
	if text == "" || strings.ContainsFunc(text, isNoDecimal) {
		return Number{}, fmt.Errorf("%q: %w", clip(raw), errNotNumber)
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return Number{}, fmt.Errorf("%q: %w", clip(raw), errors.Join(errNotNumber, err))
	}
	switch size := math.Abs(value); {
	case size > largestNumber:
		return Number{}, fmt.Errorf("%q is out of range", clip(raw))
	case size < smallestNumber:
		value = 0
	}
	return Number{Value: value, Valid: true}, nil
}

// ParseCount reads a whole number; 3.0 is one, 3.5 is an error. The result lies
// within ±2^53, where a JSON number is exact.
func ParseCount(raw string) (Number, error) {
	n, err := ParseNumber(raw)
	if err != nil {
		return Number{}, err
	}
	if n.Value != math.Trunc(n.Value) || math.Abs(n.Value) > 1<<53 {
		return Number{}, fmt.Errorf("%q is not a whole number", clip(raw))
	}
	return n, nil
}

// CleanText makes a text that Postgres accepts: U+0000 and bytes that are not
// UTF-8 become U+FFFD. mended reports whether anything was replaced.
func CleanText(raw string) (text string, mended bool) {
	if !strings.ContainsRune(raw, 0) && utf8.ValidString(raw) {
		return raw, false
	}
	text = strings.ToValidUTF8(raw, "\uFFFD")
	return strings.ReplaceAll(text, "\x00", "\uFFFD"), true
}

// IsBlank reports whether a text holds blanks and nothing else: spaces of any kind, and the
// signs of no width that spreadsheets and web pages leave behind. An empty one does not.
func IsBlank(text string) bool {
	if text == "" || text[0] > ' ' && text[0] < utf8.RuneSelf {
		return false
	}
	return strings.IndexFunc(text, func(r rune) bool { return !unicode.IsSpace(r) && r != '\u200b' && r != '\ufeff' }) < 0
}

// CheckIdentifier refuses an identifier that could not be indexed.
func CheckIdentifier(text string) error {
	if len(text) > MaxIdentifierBytes {
		return fmt.Errorf("identifier %q… is %d bytes long, more than %d", clip(text), len(text), MaxIdentifierBytes)
	}
	return nil
}

// VisibleText writes raw bytes as text that Postgres and a terminal accept:
// U+0000 as \u0000, bytes that are not UTF-8 as \xNN, all else as it is.
func VisibleText(raw string) string {
	if !strings.ContainsRune(raw, 0) && utf8.ValidString(raw) {
		return raw
	}
	var out strings.Builder
	for i := 0; i < len(raw); {
		r, size := utf8.DecodeRuneInString(raw[i:])
		switch {
		case r == 0:
			out.WriteString(`\u0000`)
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, raw[i])
		default:
			out.WriteString(raw[i : i+size])
		}
		i += size
	}
	return out.String()
}
