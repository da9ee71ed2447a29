//go:build !linux

package pgtest

// Memory knows no folder in memory here.
func Memory() []string { return nil }
