package extract

import (
	"bytes"
	"cmp"
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

// call is what is asked of the API.
type call struct {
	method string // empty is GET
	path   string // below …/realtime/kit
	query  url.Values
	body   []byte // JSON; nil for none
}

func (c call) String() string { return cmp.Or(c.method, http.MethodGet) + " " + c.path }

// request makes the HTTP request of a call.
func (c *connection) request(ctx context.Context, asked call) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, cmp.Or(asked.method, http.MethodGet), c.url(asked.path), bytes.NewReader(asked.body))
	if err != nil {
		return nil, fmt.Errorf("make the request for %s: %w", asked.path, err)
	}
	req.URL.RawQuery = asked.query.Encode()
	c.authorize(req)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	if asked.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// attempt sends one request, for which the budget was asked, and decodes its
// answer. isTransient tells whether another attempt may mend its error. The
// status is 0 where no answer came.
func (c *connection) attempt(ctx context.Context, asked call, read readAnswer) (status int, err error) {
	var headers http.Header
	defer func() { c.done(ctx, asked.path, headers) }()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := c.request(ctx, asked)
	if err != nil {
		return 0, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, c.transportError(asked, err)
	}
	defer resp.Body.Close()
	headers = resp.Header
	c.noteDate(headers.Get("Date"))
	c.obeyRetryAfter(ctx, asked.path, resp)

	body := c.takeBody()
	defer c.letGo(body)
	if err := c.readBody(ctx, body, resp.Body, cancel); err != nil {
		if resp.StatusCode != http.StatusOK {
			return resp.StatusCode, c.answerError(asked, resp, envelope{})
		}
		return resp.StatusCode, bodyError(ctx, asked, c.cfg.MaxBody, err)
	}
	return resp.StatusCode, c.judge(asked, resp, c.redactor.body(body.Bytes()), read)
}

// judge decodes an answer and says whether it is one.
func (c *connection) judge(asked call, resp *http.Response, body []byte, read readAnswer) error {
	body = bytes.TrimPrefix(body, byteOrderMark)
	if resp.StatusCode != http.StatusOK && (asked.method == "" || resp.StatusCode != http.StatusCreated) {
		env, err := readEnvelope(body, nil)
		if err != nil {
			env = unreadable(resp, body)
		}
		return c.answerError(asked, resp, env)
	}
	if contentType(resp) == "text/html" {
		return &transientError{call: asked, cause: errors.New("an HTML page came in place of JSON; check CLOUDFLARE_BASE_URL, and what stands before it")}
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return &transientError{call: asked, cause: errors.New("an empty body came in place of JSON")}
	}
	env, err := read(body)
	if errors.Is(err, errCrowded) {
		return fmt.Errorf("%s: %w", asked, err) // the same again would be as large
	}
	if err != nil {
		if env, bad := readEnvelope(body, nil); bad == nil && !env.success {
			return c.answerError(asked, resp, env) // its data was not worth reading
		}
		return &transientError{call: asked, cause: err}
	}
	if !env.success || !env.hasData {
		return c.answerError(asked, resp, env)
	}
	return nil
}

// byteOrderMark may stand before the JSON of a careless encoder (RFC 8259, section 8.1).
var byteOrderMark = []byte("\uFEFF")

func contentType(resp *http.Response) string {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return kind
}

// unreadable tells what an answer says that is no JSON: the edge of the vendor, a proxy and
// a firewall write a line of text or a page. From 500 on the status says enough.
func unreadable(resp *http.Response, body []byte) envelope {
	switch kind := contentType(resp); {
	case kind == "text/html" && resp.StatusCode < 500:
		return envelope{isPage: true, failure: failure{message: "an HTML page came in place of JSON"}}
	case kind == "text/plain":
		return envelope{failure: failure{message: string(bytes.TrimSpace(body))}}
	}
	return envelope{}
}

// obeyRetryAfter closes the budget for everybody who shares the token. Where a 429 comes
// without it, as it may, the others would go on meanwhile and be refused one by one.
func (c *connection) obeyRetryAfter(ctx context.Context, path string, resp *http.Response) {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode < 500 {
		return
	}
	wait, told := retryAfter(resp.Header, time.Now())
	switch {
	case told:
		c.cfg.Budget.Close(ctx, wait)
	case resp.StatusCode != http.StatusTooManyRequests || tellsWait(resp.Header):
	case hasOwnLimit(path):
		c.recordings.Refuse(ctx, path)
	default:
		c.cfg.Budget.Refuse(ctx, path)
	}
}
