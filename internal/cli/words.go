package cli

import (
	"fmt"
	"strings"
	"time"
)

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

// inWords writes a duration without parts that are nothing: 1h, not 1h0m0s.
func inWords(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
