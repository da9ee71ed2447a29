package extract

import (
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
			if n, err := strconv.Atoi(strings.Trim(value, `"`)); err == nil && n >= 0 && n < 1<<30 {
				item.params[strings.TrimSpace(key)] = n
			}
		}
		if len(item.params) > 0 {
			items = append(items, item)
		}
	}
	return items
}

// maxRetryAfter bounds Retry-After in seconds, about four months.
const maxRetryAfter = 1e7

// retryAfter reads Retry-After, in seconds or as an HTTP date. ok is false where
// there is none or it makes no sense.
func retryAfter(headers http.Header, now time.Time) (wait time.Duration, ok bool) {
	text := strings.TrimSpace(headers.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if math.IsNaN(seconds) || seconds < 0 {
			return 0, false
		}
		return time.Duration(min(seconds, maxRetryAfter) * float64(time.Second)), true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	return max(at.Sub(now), 0), true
}
