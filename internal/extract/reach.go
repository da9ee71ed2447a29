package extract

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Step is one step on the way to the API.
type Step struct {
	Name   string // DNS, TCP, TLS or proxy
	Detail string // what was found; empty where the step failed
	Err    error
}

// Reach goes the way to the API step by step, without a request: the name, a
// connection, the certificate. It ends with the step that fails. Where a proxy is
// set in the environment, only the way to the proxy can be seen.
func Reach(ctx context.Context, baseURL string, timeout time.Duration) ([]Step, error) {
	base, err := checkBaseURL(baseURL)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("%w: CLOUDFLARE_BASE_URL: %w", model.ErrUsage, err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	if err != nil {
		return []Step{{Name: "proxy", Err: errors.New("HTTPS_PROXY or HTTP_PROXY is no address")}}, nil
	}
	var steps []Step
	if proxy != nil {
		steps = append(steps, Step{Name: "proxy", Detail: "by " + proxy.Host})
		u = &url.URL{Scheme: "http", Host: proxy.Host} // its own TLS is not looked at
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	steps = walkTo(ctx, steps, u.Scheme, u.Hostname(), port)
	if last := &steps[len(steps)-1]; proxy != nil && last.Err != nil {
		last.Name = "proxy"
	}
	return steps, nil
}

func walkTo(ctx context.Context, steps []Step, scheme, host, port string) []Step {
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return append(steps, Step{Name: "DNS", Err: fmt.Errorf("%s: %w", host, plainNetError(err))})
	}
	steps = append(steps, Step{Name: "DNS", Detail: host + " is " + strings.Join(addresses[:min(len(addresses), 3)], ", ")})
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return append(steps, Step{Name: "TCP", Err: plainNetError(err)})
	}
	defer conn.Close()
	steps = append(steps, Step{Name: "TCP", Detail: "port " + port + " answers"})
	if scheme != "https" {
		return steps
	}
	secured := tls.Client(conn, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12})
	if err := secured.HandshakeContext(ctx); err != nil {
		return append(steps, Step{Name: "TLS", Err: plainNetError(err)})
	}
	state := secured.ConnectionState()
	until := state.PeerCertificates[0].NotAfter.UTC().Format(time.DateOnly)
	return append(steps, Step{Name: "TLS", Detail: tls.VersionName(state.Version) + ", certificate valid until " + until})
}

// plainNetError says that time was up in words that tell of the network.
func plainNetError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	return err
}

// Date asks a server for the time, without a token: the Date of its answer, whatever
// that is, to about a second.
func Date(ctx context.Context, baseURL string, timeout time.Duration) (time.Time, error) {
	base, err := checkBaseURL(baseURL)
	if err != nil {
		return time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, base, http.NoBody)
	if err != nil {
		return time.Time{}, err
	}
	client := newHTTPClient(timeout, redactor{})
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask for the time: %w", err)
	}
	defer resp.Body.Close()
	at, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}, errors.New("the answer tells no time")
	}
	return at.Add(time.Second / 2), nil
}
