package extract

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// Config says where and how to read. New validates it.
type Config struct {
	BaseURL   string // ends in /client/v4 for Cloudflare
	AccountID string // with SchemeBasic the organization's id
	Token     secret.Text
	Scheme    Scheme // empty is SchemeBearer
	UserAgent string
	PerPage   int           // rows to ask for, 1 to 1,000; the server may give fewer
	MaxBody   int64         // bytes of one answer after decompression
	RetryFor  time.Duration // how long one request is tried again, waits on the budget not counted
	Timeout   time.Duration // longest time without a byte from the server
	Budget    *Budget
	Logger    *slog.Logger
	// Observe is told of each request once its answer was read, by several
	// goroutines at once; nil for nobody.
	Observe func(Exchange)
	// Transport wraps the HTTP transport, to trace requests; nil for none. It
	// sees the credentials.
	Transport func(http.RoundTripper) http.RoundTripper
	Now       func() time.Time // this machine's clock, with which ClockSkew compares; nil means time.Now
}

// Scheme is how a request proves who sends it, and with that which API it is.
type Scheme string

const (
	// SchemeBearer is Cloudflare's API: "Authorization: Bearer" with an API
	// token, paths below /accounts/{account_id}/realtime/kit.
	SchemeBearer Scheme = "bearer"
	// SchemeBasic is the older Dyte v2 API: "Authorization: Basic" with the
	// organization's id and API key, the same paths without account and app. The
	// organization is its only app. Source: Dyte's REST v2 OpenAPI document.
	SchemeBasic Scheme = "basic"
)

// Client reads the RealtimeKit API of one account. Safe for concurrent use.
type Client struct {
	connection
	bases struct {
		apps, sessions, participants, meetings, enrolled, recordings, livestreams, streamed pageBase
	}
}

// connection sends requests and judges answers, whatever they are about.
type connection struct {
	cfg  Config
	base string
	// onlyApp is what paths of the only app begin with, and the API leaves out;
	// empty where there may be several.
	onlyApp string

	redactor redactor
	spelt    sync.Map // ids of apps and meetings as the API lists them, by those that were folded

	http   *http.Client
	bodies sync.Pool             // *body, so that a page costs no new one
	large  chan struct{}         // the place of the one large body in hand
	date   atomic.Pointer[dated] // the last answer's Date

	recordings *Budget // of the calls that have a limit of their own
}

// dated is what a clock showed, and when by this machine's that was.
type dated struct{ shown, here time.Time }

// New checks the configuration and gives a client. It sends nothing.
func New(cfg Config) (*Client, error) {
	base, err := checkBaseURL(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	if cfg.AccountID == "" || strings.ContainsAny(cfg.AccountID, "/?# ") {
		return nil, fmt.Errorf("%w: CLOUDFLARE_ACCOUNT_ID must be the account's id, got %q", model.ErrUsage, cfg.AccountID)
	}
	if cfg.Token.IsZero() || strings.ContainsFunc(cfg.Token.Reveal(), notPrintable) {
		return nil, fmt.Errorf("%w: CLOUDFLARE_API_TOKEN is empty, or holds white space or characters beyond ASCII", model.ErrUsage)
	}
	if cfg.PerPage < 1 || cfg.MaxBody < 1 || cfg.Timeout <= 0 || cfg.RetryFor < 0 || cfg.Budget == nil || cfg.Logger == nil {
		return nil, fmt.Errorf("%w: page size, body limit and timeout must be above 0, and a budget and a logger be given", model.ErrUsage)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &Client{connection: connection{cfg: cfg, base: base, redactor: newRedactor(cfg.Token, cfg.AccountID), large: make(chan struct{}, 1)}}
	c.recordings = ownBudget(cfg.Budget)
	c.http = newHTTPClient(cfg.Timeout, c.redactor)
	if cfg.Transport != nil {
		c.http.Transport = cfg.Transport(c.http.Transport)
	}
	switch cfg.Scheme {
	case "", SchemeBearer:
		c.base += "/accounts/" + url.PathEscape(cfg.AccountID) + "/realtime/kit"
	case SchemeBasic:
		c.onlyApp = "/" + url.PathEscape(model.FoldID(cfg.AccountID))
	default:
		return nil, fmt.Errorf("%w: the authentication scheme must be %s or %s, got %q", model.ErrUsage, SchemeBearer, SchemeBasic, cfg.Scheme)
	}
	return c, nil
}

// url gives the address of a path that begins with the app.
func (c *connection) url(path string) string {
	parts := strings.Split(path, "/") // of which the first is empty
	for i, part := range parts[1:] {
		if listed, ok := c.spelt.Load(part); ok {
			parts[1+i] = url.PathEscape(listed.(string))
		}
	}
	return c.base + strings.TrimPrefix(strings.Join(parts, "/"), c.onlyApp)
}

// fold gives the id by which an app or a meeting is known here, and remembers in which
// letters the API listed it: it may not know it in others.
func (c *connection) fold(id string) string {
	folded := model.FoldID(id)
	if folded != id {
		c.spelt.Store(folded, id)
	}
	return folded
}

// authorize adds the credentials to a request.
func (c *connection) authorize(req *http.Request) {
	if c.onlyApp != "" {
		req.SetBasicAuth(c.cfg.AccountID, c.cfg.Token.Reveal())
		return
	}
	req.Header.Set("Authorization", "Bearer "+c.cfg.Token.Reveal())
}

// checkBaseURL accepts https anywhere and plain http on loopback only, since
// the token travels with every request.
func checkBaseURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%w: CLOUDFLARE_BASE_URL must look like https://host/client/v4", model.ErrUsage)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return "", fmt.Errorf("%w: CLOUDFLARE_BASE_URL must begin with https:// (plain http is for loopback only), got %s://%s",
			model.ErrUsage, u.Scheme, u.Host)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// notPrintable reports what no API token holds; a header could not carry some
// of it.
func notPrintable(r rune) bool { return r <= ' ' || r > '~' }

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// newHTTPClient keeps connections open, asks for gzip, and follows no redirect:
// Go would send the token along to another port of the same host.
func newHTTPClient(timeout time.Duration, r redactor) *http.Client {
	return &http.Client{
		Transport: redacting{redactor: r, RoundTripper: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			OnProxyConnectResponse: refusedByProxy,
			DialContext:            (&net.Dialer{Timeout: timeout}).DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    timeout,
			ResponseHeaderTimeout:  timeout,
			MaxIdleConns:           64,
			MaxIdleConnsPerHost:    64,
			IdleConnTimeout:        90 * time.Second,
			ForceAttemptHTTP2:      true,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Requests tells how many requests were sent, and for how long at least one of them
// waited for the budget.
func (c *Client) Requests() (int64, time.Duration) { return c.cfg.Budget.Spent() }

// Pace gives the requests a second that are sent at most, as far as the answers
// have told of the quota.
func (c *Client) Pace() float64 { return c.cfg.Budget.Pace() }

// ClockSkew tells how far the clock of the API is ahead of this machine's by the
// last answer, to about a second; ok is false where no answer told.
func (c *Client) ClockSkew() (skew time.Duration, ok bool) {
	told := c.date.Load()
	if told == nil {
		return 0, false
	}
	now := c.cfg.Now() // the monotonic clock counts since then, also where the other was put right
	return told.shown.Add(now.Sub(told.here)).Sub(now.Round(0)), true
}

// noteDate keeps the Date of an answer. It has whole seconds and is taken for their
// middle.
func (c *connection) noteDate(date string) {
	if at, err := http.ParseTime(date); err == nil {
		c.date.Store(&dated{at.Add(time.Second / 2), c.cfg.Now()})
	}
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }
