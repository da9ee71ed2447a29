package extract

import (
	"context"
	"net/http"
	"strings"
)

// recordingsPerSecond is the pace at which recordings may be asked for: the list has a
// limit of its own, beside that of all calls. The vendor's page on limits says 1,000 calls
// per 50 seconds, an older one per 60 seconds; the lower counts.
const recordingsPerSecond = 1000.0 / 60

// ownBudget gives a budget for calls with a limit of their own, by the same rules as the
// shared one, of which they take their part too. Whether they do at the API, the documents
// leave open.
func ownBudget(shared *Budget) *Budget {
	cfg := shared.cfg
	cfg.Store, cfg.Key = nil, ""
	cfg.PerSecond = min(cfg.PerSecond, recordingsPerSecond*(1-cfg.QuotaShare))
	return NewBudget(cfg)
}

// hasOwnLimit reports whether a path is that of recordings.
func hasOwnLimit(path string) bool { return strings.HasSuffix(path, recordingsEnd) }

// take waits until a request for the path may be sent; done is to follow.
func (c *connection) take(ctx context.Context, path string) error {
	if !hasOwnLimit(path) {
		return c.cfg.Budget.Take(ctx)
	}
	if err := c.recordings.Take(ctx); err != nil {
		return err
	}
	err := c.cfg.Budget.Take(ctx)
	if err != nil {
		c.recordings.Done(ctx, nil)
	}
	return err
}

// done takes note of an answer. What it says of a limit counts for the limit that the path
// has: it would else pass for what is left to all other calls.
func (c *connection) done(ctx context.Context, path string, headers http.Header) {
	if hasOwnLimit(path) {
		c.recordings.Done(ctx, headers)
		if headers != nil {
			headers = headers.Clone()
			headers.Del("Ratelimit")
			headers.Del("Ratelimit-Policy")
		}
	}
	c.cfg.Budget.Done(ctx, headers)
}
