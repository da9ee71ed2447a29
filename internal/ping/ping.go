// Package ping tells a dead man's switch, in the convention of healthchecks.io,
// that a run begins and how it ended. Whoever waits for the pings learns that
// none came any more, which no program can tell of itself.
package ping

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/sethvargo/go-retry"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

const (
	timeout = 10 * time.Second
	// mostBody is how much of a body healthchecks.io keeps at least, in bytes.
	mostBody = 10_000
)

// Switch is a dead man's switch. A nil one is told nothing.
type Switch struct {
	base   *url.URL // a secret: whoever knows it can ping
	client *http.Client
	logger *slog.Logger
	// patience bounds one ping with all its attempts.
	patience time.Duration
}

// New checks the address. It gives nil for an empty one, and sends nothing. An
// error wraps model.ErrUsage and does not repeat the address.
func New(address secret.Text, logger *slog.Logger) (*Switch, error) {
	if address.IsZero() {
		return nil, nil
	}
	u, err := url.Parse(address.Reveal())
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.Fragment != "" {
		return nil, fmt.Errorf("%w: ROLLCALL_PING_URL must be an address such as https://hc-ping.com/your-uuid-here", model.ErrUsage)
	}
	return &Switch{
		base: u, logger: logger, patience: timeout,
		client: &http.Client{
			Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: timeout, DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Run is one run that the switch is told of.
type Run struct {
	of      *Switch
	id      string
	started chan struct{} // closed once the start was told, or could not be
}

// Start tells that a run begins, beside the run: it waits for nothing.
func (s *Switch) Start(ctx context.Context) *Run {
	if s == nil {
		return nil
	}
	r := &Run{of: s, id: uuid.NewString(), started: make(chan struct{})}
	go func() {
		defer close(r.started)
		s.send(ctx, "/start", r.id, "")
	}()
	return r
}

// End tells how the run ended, also when ctx has: exit code 0, and 3 since the
// job has run, as success, 75 as a line in the log of the switch that changes
// nothing, and any other as failure. A nil Run tells nothing.
func (r *Run) End(ctx context.Context, exitCode int, summary string) {
	if r == nil {
		return
	}
	<-r.started // bounded; an end before its start would leave the run open
	path := "/" + strconv.Itoa(exitCode)
	switch exitCode {
	case 0, 3:
		path = ""
	case 75:
		path = "/log"
	}
	r.of.send(ctx, path, r.id, summary)
}

// send pings; what goes wrong is logged and is no failure.
func (s *Switch) send(ctx context.Context, path, id, body string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience)
	defer cancel()
	address := *s.base
	address.Path = strings.TrimRight(address.Path, "/") + path
	query := address.Query()
	query.Set("rid", id)
	address.RawQuery = query.Encode()
	if len(body) > mostBody {
		body = strings.ToValidUTF8(body[:mostBody], "")
	}
	backoff := retry.WithMaxRetries(3, retry.WithFullJitter(retry.NewExponential(200*time.Millisecond)))
	var last error
	err := retry.Do(ctx, backoff, func(ctx context.Context) error {
		last = s.post(ctx, address.String(), body)
		if last != nil && !errors.Is(last, errRefused) {
			return retry.RetryableError(last)
		}
		return last
	})
	if err != nil {
		s.logger.WarnContext(ctx, "ping failed; the run is not affected", "host", s.base.Host, "error", last)
	}
}

// errRefused is an answer that will not change.
var errRefused = errors.New("check ROLLCALL_PING_URL")

func (s *Switch) post(ctx context.Context, address, body string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("the address cannot be used; %w", errRefused)
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	req.Header.Set("User-Agent", "rollcall")
	resp, err := s.client.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // its text would repeat the address
		}
		return err
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, 100))
	switch {
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500:
		return fmt.Errorf("status %d", resp.StatusCode)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return fmt.Errorf("status %d; %w", resp.StatusCode, errRefused)
	case strings.Contains(string(answer), "not found"):
		return fmt.Errorf("the server does not know this check; %w", errRefused)
	}
	return nil
}
