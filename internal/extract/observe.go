package extract

import (
	"strings"
	"time"
)

// Exchange is one request that was sent, and what came of it.
type Exchange struct {
	Endpoint string        // one of Endpoints
	Status   int           // HTTP status of the answer, 0 where none came
	Try      int           // 1 for the first attempt at what was asked for
	Waited   time.Duration // for the budget, before it was sent
	Took     time.Duration // until the answer was read and decoded
}

// Endpoints are the names that Endpoint gives.
var Endpoints = []string{
	"apps", "sessions", "session", "participants", "meetings", "meeting", "enrolment", "daywise", "peer_report", "recordings",
	"livestreams", "livestream_sessions", "other",
}

// Endpoint names what the path of a request asks for, without the ids in it.
func Endpoint(path string) string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	last := func(n int) string { // 1 is the last segment
		if n > len(segments) {
			return ""
		}
		return segments[len(segments)-n]
	}
	switch {
	case last(2) == "peer-report":
		return "peer_report"
	case last(1) == "participants" && last(3) == "sessions":
		return "participants"
	case last(1) == "participants" && last(3) == "meetings":
		return "enrolment"
	case last(2) == "sessions":
		return "session"
	case last(2) == "meetings":
		return "meeting"
	case last(1) == "livestream-sessions":
		return "livestream_sessions"
	case last(1) == "recordings", last(1) == "livestreams":
		return last(1)
	case last(1) == "apps", last(1) == "sessions", last(1) == "meetings", last(1) == "daywise":
		return last(1)
	}
	return "other"
}
