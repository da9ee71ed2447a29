package extract

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// limitItem is one member of a Ratelimit or Ratelimit-Policy header, such as
// "default";r=50;t=30. Source: Cloudflare's API limits page; lists are allowed.
type limitItem struct {
	name   string
	params map[string]int
}

// parseLimits reads the members it understands and passes over the others.
func parseLimits(values []string) []limitItem {
	var items []limitItem
	for member := range strings.SplitSeq(strings.Join(values, ","), ",") {
		parts := strings.Split(member, ";")
		item := limitItem{name: strings.Trim(strings.TrimSpace(parts[0]), `"`), params: make(map[string]int, 2)}
		for _, part := range parts[1:] {
			key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			n, err := strconv.Atoi(strings.Trim(value, `"`))
			if n >= 0 && (err == nil || errors.Is(err, strconv.ErrRange)) {
				item.params[strings.TrimSpace(key)] = min(n, maxParam)
			}
		}
		if len(item.params) > 0 {
			items = append(items, item)
		}
	}
	return items
}

const (
	// maxParam bounds a member's number, so that it stays one of seconds.
	maxParam = 1<<30 - 1
	// maxRetryAfter bounds Retry-After in seconds before it becomes a duration.
	maxRetryAfter = 1e9
)

// retryAfter reads Retry-After, in seconds or as an HTTP date, which is a time of
// the clock that wrote the answer's Date; without that, now stands for it. Of several,
// as where a proxy adds its own, it gives the longest. The budget bounds the wait. ok is
// false where there is none or it makes no sense.
func retryAfter(headers http.Header, now time.Time) (wait time.Duration, ok bool) {
	if date, err := http.ParseTime(headers.Get("Date")); err == nil {
		now = date
	}
	for _, text := range headers.Values("Retry-After") {
		if at, err := http.ParseTime(strings.TrimSpace(text)); err == nil { // which has a comma
			wait, ok = max(at.Sub(now), wait), true
			continue
		}
		for part := range strings.SplitSeq(text, ",") {
			if seconds, is := parseSeconds(strings.TrimSpace(part)); is {
				wait, ok = max(seconds, wait), true
			}
		}
	}
	return wait, ok
}

// parseSeconds reads a number of seconds that may be awaited.
func parseSeconds(text string) (time.Duration, bool) {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(seconds) || seconds < 0 {
		return 0, false
	}
	return time.Duration(min(seconds, maxRetryAfter) * float64(time.Second)), true
}
