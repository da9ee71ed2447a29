package model

import (
	"fmt"
	"strings"
	"time"
)

// Lost counts what rows that were stored are missing of. The zero value is that of a
// warehouse in which none was found.
type Lost struct {
	Sessions    int       // with rows missing, or without a row or a state of their own
	Usage       int       // sessions that the usage by day lacks
	Meetings    int       // with enrolled people missing
	PeerReports int       // sessions with peer reports missing
	DailyCounts int       // apps with days of the vendor's counts missing
	Oldest      time.Time // start of the oldest session of these; zero where not known
	Example     string    // one session and what it lacks; empty for none
}

// Any reports whether anything is missing.
func (l Lost) Any() bool {
	return l.Sessions+l.Usage+l.Meetings+l.PeerReports+l.DailyCounts > 0
}

// Add takes in what another look found.
func (l *Lost) Add(o Lost) {
	l.Sessions += o.Sessions
	l.Usage += o.Usage
	l.Meetings += o.Meetings
	l.PeerReports += o.PeerReports
	l.DailyCounts += o.DailyCounts
	if l.Example == "" {
		l.Example = o.Example
	}
	if !o.Oldest.IsZero() && (l.Oldest.IsZero() || o.Oldest.Before(l.Oldest)) {
		l.Oldest = o.Oldest
	}
}

// String says in words what is missing, the worst first.
func (l Lost) String() string {
	var parts []string
	for _, p := range []struct {
		n           int
		text, thing string
	}{
		{l.Sessions, "rows of", "session"},
		{l.Usage, "the usage by day of", "session"},
		{l.Meetings, "people enrolled in", "meeting"},
		{l.DailyCounts, "daily counts of", "app"},
		{l.PeerReports, "peer reports of", "session"},
	} {
		if p.n > 0 {
			parts = append(parts, p.text+" "+several(p.n, p.thing))
		}
	}
	return strings.Join(parts, ", ")
}

// several counts things: 1 session, 2 sessions.
func several(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
