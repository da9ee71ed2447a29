package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// compare gives the first difference of two tables, or nothing. Tools write
// numbers, times and ids each in their own way; the value is what counts.
func compare(want, got [][]string) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if len(want[i]) != len(got[i]) {
			return fmt.Sprintf("row %d is %q, want %q", i+1, got[i], want[i])
		}
		for j := range want[i] {
			if !same(want[i][j], got[i][j]) {
				return fmt.Sprintf("row %d, column %d is %q, want %q", i+1, j+1, got[i][j], want[i][j])
			}
		}
	}
	return ""
}

// same allows for the last of 12 digits of a fraction, since the order of a sum
// is the planner's.
func same(want, got string) bool {
	a, errA := strconv.ParseFloat(want, 64)
	b, errB := strconv.ParseFloat(got, 64)
	if errA == nil && errB == nil {
		return math.Abs(a-b) <= 1e-12*math.Max(math.Abs(a), math.Abs(b))
	}
	if a, ok := moment(want); ok {
		b, ok := moment(got)
		return ok && a.Equal(b)
	}
	return strings.EqualFold(want, got) // an id in capitals is the same id
}

// moment reads a date or a time; one without a zone is in UTC, as the role's
// sessions are.
func moment(text string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04:05.999999", "2006-01-02 15:04:05.999999Z07", time.RFC3339Nano} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
