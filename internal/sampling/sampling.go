// Package sampling says how much of what could be tried a test tries. A bare "go test"
// tries few of many cases that are alike, evenly spread and always the same. CI, which sets
// ROLLCALL_PROOF, tries all of them, and so does who names a test with -run. CI runs the
// suite on two versions of PostgreSQL; what is tried at random is divided among the two. With
// the race detector, ROLLCALL_PROOF=each tries few of each, and leaves out nothing long.
package sampling

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
)

// All tells that nothing is left out.
func All() bool {
	named := flag.Lookup("test.run")
	proof := os.Getenv("ROLLCALL_PROOF")
	return proof != "" && proof != "each" || named != nil && named.Value.String() != ""
}

// Long skips a test that takes seconds of two cores, unless all or each is tried.
func Long(tb testing.TB) {
	tb.Helper()
	if !All() && os.Getenv("ROLLCALL_PROOF") != "each" {
		tb.Skip("long: CI runs it, and -run")
	}
}

// Size is quick in a bare "go test", and thorough where all is tried.
func Size(quick, thorough int) int {
	if All() {
		return thorough
	}
	return quick
}

// Of gives few of the cases of a table, or all.
func Of[C any](few int, cases []C) []C {
	n := Size(min(few, len(cases)), len(cases))
	some := make([]C, 0, n)
	for i := range n {
		some = append(some, cases[i*len(cases)/n])
	}
	return some
}

// Named is [Of] for cases that have names, in the order of these.
func Named[C any](few int, cases map[string]C) map[string]C {
	some := make(map[string]C, few)
	for _, name := range Of(few, slices.Sorted(maps.Keys(cases))) {
		some[name] = cases[name]
	}
	return some
}

// Divided tells that two runs divide the tries, one on each version of PostgreSQL.
func Divided() bool { return os.Getenv("ROLLCALL_PART") != "" }

// Once skips a test in the first of two such runs: it looks at the program, whatever the
// version of PostgreSQL.
func Once(tb testing.TB) {
	tb.Helper()
	if part, parts := which(); part < parts {
		tb.Skip("once: the run on the other version of PostgreSQL has it")
	}
}

// Part gives which of n tries, numbered from 0, this run makes: all, or those of
// ROLLCALL_PART, which is "1/2" or "2/2" where two runs divide them. At least one is made.
// A part of another form panics.
func Part(n int) []uint64 {
	part, parts := which()
	var mine []uint64
	for i := min(part-1, max(n-1, 0)); i < n; i += parts {
		mine = append(mine, uint64(i)) //nolint:gosec // from 0
	}
	return mine
}

// Seeds gives the seeds that this run tries: its part of so many, numbered from 0, or of as
// many as ROLLCALL_SEEDS says; or the only one that ROLLCALL_SEED names.
func Seeds(tb testing.TB, quick, thorough int) []uint64 {
	tb.Helper()
	if seed, ok := number(tb, "ROLLCALL_SEED"); ok {
		return []uint64{seed}
	}
	n := Size(quick, thorough)
	if seeds, ok := number(tb, "ROLLCALL_SEEDS"); ok {
		n = int(seeds) //nolint:gosec // of tries
	}
	return Part(n)
}

// number gives that of a variable; ok is false where it is not set.
func number(tb testing.TB, variable string) (n uint64, ok bool) {
	tb.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		tb.Fatalf("%s: %v", variable, err)
	}
	return n, true
}

func which() (part, parts int) {
	text := os.Getenv("ROLLCALL_PART")
	if text == "" {
		return 1, 1
	}
	if _, err := fmt.Sscanf(text, "%d/%d", &part, &parts); err != nil || part < 1 || part > parts {
		panic(fmt.Sprintf(`ROLLCALL_PART is %q, not as "1/2"`, text))
	}
	return part, parts
}
