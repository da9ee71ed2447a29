package cli

import "fmt"

// plural counts things: 1 session, 2 sessions.
func plural[N int | int64](n N, thing string) string { return counted(n, thing, thing+"s") }

// counted is plural for words that do not just take an s.
func counted[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// oneOrMany gives the form of a word that goes with a number.
func oneOrMany[N int | int64](n N, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
