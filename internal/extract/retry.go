package extract

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/rollcall-etl/rollcall/internal/model"
)

const (
	firstBackoff   = 500 * time.Millisecond
	longestBackoff = 30 * time.Second
)

// get asks until an answer is read, a failure that no repetition mends comes, or
// cfg.RetryFor has passed.
func (c *connection) get(ctx context.Context, path string, query url.Values, read readAnswer) error {
	var last error
	tries := 0
	patience := c.cfg.RetryFor
	err := retry.Do(ctx, backoff(&patience), func(ctx context.Context) error {
		asked := time.Now()
		if err := c.take(ctx, path); err != nil {
			return err
		}
		tries++
		began := time.Now()
		status, err := c.attempt(ctx, call{path: path, query: query}, read)
		took := time.Since(began)
		patience -= took
		if c.cfg.Observe != nil {
			c.cfg.Observe(Exchange{Endpoint: Endpoint(path), Status: status, Try: tries, Waited: began.Sub(asked), Took: took})
		}
		if err == nil || !isTransient(err) || ctx.Err() != nil {
			return err
		}
		last = err
		c.cfg.Logger.DebugContext(ctx, "request failed, trying again",
			slog.String("path", path), slog.Int("try", tries), slog.Any("error", err))
		return retry.RetryableError(err)
	})
	switch {
	case err == nil:
		return nil
	case last != nil && !errors.Is(err, last) && (ctx.Err() != nil || errors.Is(err, model.ErrBudgetSpent)):
		// go-retry reports the end of the context and drops why it was waiting;
		// the budget does not know why there is another request to wait for.
		return fmt.Errorf("%w (after %s, the last: %w)", err, times(tries), last)
	case isTransient(err):
		return fmt.Errorf("gave up after %s: %w", times(tries), err)
	}
	return err
}

func times(tries int) string {
	if tries == 1 {
		return "1 try"
	}
	return fmt.Sprintf("%d tries", tries)
}

// backoff doubles from half a second to half a minute, with full jitter, and
// ends with the patience, of which it takes its own pauses and get takes the
// attempts. Time spent waiting for the budget does not count: Retry-After may be
// longer than a fault is worth being patient with.
func backoff(patience *time.Duration) retry.Backoff {
	next := retry.WithFullJitter(retry.WithCappedDuration(longestBackoff, retry.NewExponential(firstBackoff)))
	return retry.BackoffFunc(func() (time.Duration, bool) {
		if *patience <= 0 {
			return 0, true
		}
		wait, stop := next.Next()
		wait = min(wait, *patience)
		*patience -= wait
		return wait, stop
	})
}
