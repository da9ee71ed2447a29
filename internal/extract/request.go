package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"time"
)

// readAnswer decodes the body of a successful answer. It may be called again
// with another body when the request is repeated.
type readAnswer func(body []byte) (envelope, error)

// attempt sends one request, for which the budget was asked, and decodes its
// answer. isTransient tells whether another attempt may mend its error. The
// status is 0 where no answer came.
func (c *Client) attempt(ctx context.Context, path string, query url.Values, read readAnswer) (status int, err error) {
	var headers http.Header
	defer func() { c.cfg.Budget.Done(ctx, headers) }()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url(path), http.NoBody)
	if err != nil {
		return 0, fmt.Errorf("make the request for %s: %w", path, err)
	}
	req.URL.RawQuery = query.Encode()
	c.authorize(req)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, c.transportError(path, err)
	}
	defer resp.Body.Close()
	headers = resp.Header
	c.noteDate(headers.Get("Date"))
	c.obeyRetryAfter(ctx, resp)

	body := c.takeBody()
	defer c.letGo(body)
	if err := c.readBody(ctx, body, resp.Body, cancel); err != nil {
		if resp.StatusCode != http.StatusOK {
			return resp.StatusCode, c.answerError(path, resp, envelope{})
		}
		return resp.StatusCode, bodyError(ctx, path, c.cfg.MaxBody, err)
	}
	return resp.StatusCode, c.judge(path, resp, c.redactor.body(body.Bytes()), read)
}

// judge decodes an answer and says whether it is one.
func (c *Client) judge(path string, resp *http.Response, body []byte, read readAnswer) error {
	if resp.StatusCode != http.StatusOK {
		env, err := readEnvelope(body, nil)
		if err != nil {
			env = envelope{} // HTML, or nothing at all: the status says enough
		}
		return c.answerError(path, resp, env)
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind == "text/html" {
		return &transientError{path: path, cause: errors.New("an HTML page came in place of JSON")}
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return &transientError{path: path, cause: errors.New("an empty body came in place of JSON")}
	}
	env, err := read(body)
	if errors.Is(err, errCrowded) {
		return fmt.Errorf("GET %s: %w", path, err) // the same again would be as large
	}
	if err != nil {
		if env, bad := readEnvelope(body, nil); bad == nil && !env.success {
			return c.answerError(path, resp, env) // its data was not worth reading
		}
		return &transientError{path: path, cause: err}
	}
	if !env.success || !env.hasData {
		return c.answerError(path, resp, env)
	}
	return nil
}

// obeyRetryAfter closes the budget for everybody who shares the token.
func (c *Client) obeyRetryAfter(ctx context.Context, resp *http.Response) {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode < 500 {
		return
	}
	if wait, ok := retryAfter(resp.Header, time.Now()); ok {
		c.cfg.Budget.Close(ctx, wait)
	}
}
