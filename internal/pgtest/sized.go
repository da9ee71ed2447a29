package pgtest

import "os"

// Sized gives how often a test tries what it does at random, or at points that it can
// sample: quick in a bare "go test", thorough where ROLLCALL_PROOF is set, as CI sets it.
func Sized(quick, thorough int) int {
	if os.Getenv("ROLLCALL_PROOF") == "" {
		return quick
	}
	return thorough
}
