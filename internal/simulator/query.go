package simulator

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// query reads query parameters and keeps the first complaint. An empty value
// counts as absent, as the published parameters allow.
type query struct {
	values url.Values
	err    *apiError
}

func (q *query) fail(name, want string) {
	if q.err == nil {
		q.err = badRequest(fmt.Sprintf("%q %s", name, want))
	}
}

// number reads a whole number of at least least.
func (q *query) number(name string, absent, least int) int {
	text := q.values.Get(name)
	if text == "" {
		return absent
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v != math.Trunc(v) || math.Abs(v) > 1<<31 {
		q.fail(name, "must be a number")
		return absent
	}
	if int(v) < least {
		q.fail(name, fmt.Sprintf("must be greater than or equal to %d", least))
		return absent
	}
	return int(v)
}

// choice reads one of the words; the first is the default where the parameter
// is absent.
func (q *query) choice(name string, words ...string) string {
	text := q.values.Get(name)
	if text == "" {
		return words[0]
	}
	for _, w := range words {
		if text == w {
			return w
		}
	}
	q.fail(name, "must be one of ["+strings.TrimPrefix(strings.Join(words, ", "), ", ")+"]")
	return words[0]
}

func (q *query) boolean(name string) bool { return q.choice(name, "false", "true") == "true" }

// instant reads an RFC 3339 time; absent is the zero time.
func (q *query) instant(name string) time.Time {
	text := q.values.Get(name)
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		q.fail(name, "must be a valid ISO 8601 date")
	}
	return t
}

// span reads min:max, either of which may be missing.
func (q *query) span(name string) (least, most int) {
	least, most = 0, math.MaxInt
	text := q.values.Get(name)
	if text == "" {
		return least, most
	}
	lo, hi, found := strings.Cut(text, ":")
	var errLo, errHi error
	if lo != "" {
		least, errLo = strconv.Atoi(lo)
	}
	if hi != "" {
		most, errHi = strconv.Atoi(hi)
	}
	if !found || errLo != nil || errHi != nil {
		q.fail(name, "must be of the form min:max")
	}
	return least, most
}

// search returns the lower-case text to look for, or "".
func (q *query) search() string { return strings.ToLower(q.values.Get("search")) }

// found tells whether one of the texts contains the search text.
func found(search string, texts ...string) bool {
	if search == "" {
		return true
	}
	for _, t := range texts {
		if strings.Contains(strings.ToLower(t), search) {
			return true
		}
	}
	return false
}

// within tells whether t lies in the range, bounds included. A zero bound is
// open; a zero t lies only in the range that is open at both ends.
func within(t, from, to time.Time) bool {
	if from.IsZero() && to.IsZero() {
		return true
	}
	return !t.IsZero() && !t.Before(from) && (to.IsZero() || !t.After(to))
}
