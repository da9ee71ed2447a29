package extract

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// AnswerError is an answer of the API that is not the data that was asked for.
// errors.Is tells model.ErrRefused, model.ErrDenied and model.ErrNotFound apart.
type AnswerError struct {
	Method  string // empty is GET
	Path    string // below …/realtime/kit, without host, account or token
	Status  int    // HTTP status, or the error's own code where 200 came with success:false and that is one
	Code    int    // code of the error envelope, 0 where there was none
	Message string // message of the error envelope, bounded
	IsPage  bool   // the body was HTML: it is not the API's, but of whatever stands before it
}

func (e *AnswerError) Error() string {
	return e.said() + e.advice()
}

func (e *AnswerError) said() string {
	return fmt.Sprintf("%s %s: status %d: %s", cmp.Or(e.Method, http.MethodGet), e.Path, e.Status, failure{code: e.Code, message: e.Message})
}

// advice says in one clause what to check: the token, the account, the app, or the
// one thing that was asked for.
func (e *AnswerError) advice() string {
	switch {
	case e.IsPage && e.Status >= 400 && !e.transient():
		return "; the API writes no pages: check CLOUDFLARE_BASE_URL, and what stands before it, such as a proxy or a firewall that blocks this machine"
	case e.Code == 6003 || e.Code >= 6100 && e.Code < 6200:
		return "; check that CLOUDFLARE_API_TOKEN is an API token, complete and without quotes"
	case e.Status == http.StatusUnauthorized:
		return "; check that CLOUDFLARE_API_TOKEN is valid and not expired"
	case e.denied() || e.Status == http.StatusForbidden && e.Path == appsPath:
		return "; check that the token has the Realtime permission for CLOUDFLARE_ACCOUNT_ID and allows this machine's address, and that RealtimeKit is enabled on that account"
	case e.Status >= 300 && e.Status < 400:
		return "; redirects are not followed, check CLOUDFLARE_BASE_URL"
	case e.Status == http.StatusNotFound && e.Path == appsPath:
		return "; check CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_BASE_URL"
	case !e.Is(model.ErrRefused):
		return ""
	case e.Path == appsPath:
		return "; check CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_BASE_URL"
	}
	if e.Method != "" && e.Status != http.StatusForbidden {
		return "; the API refuses this webhook: check --url, and what rollcall webhooks list shows"
	}
	return adviceOn(e.Path)
}

const appsPath = "/apps"

// adviceOn says what is refused by a path below that of the apps.
func adviceOn(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) < 3 || parts[1] == "analytics" || parts[1] == "webhooks":
		return fmt.Sprintf("; the API refuses this app: check that app %s belongs to CLOUDFLARE_ACCOUNT_ID and that the token may read it; REALTIMEKIT_APP_IDS can leave it out", parts[0])
	case parts[2] == "peer-report":
		return "; the API refuses this peer's report"
	case parts[1] == "sessions":
		return "; the API refuses this session: if it goes on, ask the vendor about session " + parts[2]
	}
	return "; the API refuses this meeting: if it goes on, ask the vendor about meeting " + parts[2]
}

// Refusal names the kind of a refusal, by which the same one of several things is
// recognised, and gives what the API said without advice.
func (e *AnswerError) Refusal() (kind, said string) {
	return fmt.Sprintf("%d/%d", e.Status, e.Code), e.said()
}

// Is maps the status to the sentinels by which the pipeline decides.
func (e *AnswerError) Is(target error) bool {
	switch target {
	case model.ErrNotFound:
		return e.Status == http.StatusNotFound || e.Status == http.StatusGone
	case model.ErrRefused:
		return !e.transient() && !e.Is(model.ErrNotFound)
	case model.ErrDenied:
		return e.denied()
	case model.ErrUnavailable:
		return e.Status == http.StatusForbidden || e.Status == http.StatusMethodNotAllowed || e.Code == codeNoRoute ||
			e.Status < 300 && e.Code >= firstGatewayCode
	case model.ErrBadRequest:
		return e.Status == http.StatusBadRequest
	}
	return false
}

const (
	// firstGatewayCode is the least of the gateway's own codes; RealtimeKit's are
	// HTTP statuses. Source: the OpenAPI documents of both.
	firstGatewayCode = 1000
	// codeNoRoute is the gateway's code for a path that it does not serve.
	codeNoRoute = 7003
)

// denied reports whether an answer refuses the token itself, and not only what was
// asked for: 401, or a code of the gateway that speaks of the credentials. There
// is no official list; these are in public reports of users: 6003 and 61xx for a
// header that is no token's, 91xx for credentials that are wrong or not allowed
// this, 10000 and 10001 for a token that is not valid or lacks the permission.
func (e *AnswerError) denied() bool {
	if e.transient() || e.Is(model.ErrNotFound) {
		return false
	}
	switch c := e.Code; {
	case c == 6003, c >= 6100 && c < 6200, c >= 9100 && c < 9200, c == 10000, c == 10001:
		return true
	}
	return e.Status == http.StatusUnauthorized
}

func (e *AnswerError) transient() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return e.Status >= 500 || e.Status < 300 && e.Code < firstGatewayCode // an answer without data is no refusal
}

// transientError is a failure that another attempt may not meet: the transport,
// or a body that is cut, empty or not JSON.
type transientError struct {
	call  call
	cause error
}

func (e *transientError) Error() string { return fmt.Sprintf("%s: %v", e.call, e.cause) }
func (e *transientError) Unwrap() error { return e.cause }

func isTransient(err error) bool {
	if answer, ok := errors.AsType[*AnswerError](err); ok {
		return answer.transient()
	}
	_, ok := errors.AsType[*transientError](err)
	return ok
}

// answerError explains an answer by its status, or, where that is 200, by the
// error it holds: a status as RealtimeKit writes it, or one of the gateway's own
// codes, which stays what it is. Which of those speak of the token, denied says.
func (c *connection) answerError(asked call, resp *http.Response, env envelope) error {
	env.failure.message = c.errorText(env.failure.message)
	status := resp.StatusCode
	if status == http.StatusOK {
		switch code := env.failure.code; {
		case code >= 300 && code < 600:
			status = code
		case code < firstGatewayCode:
			return &transientError{call: asked, cause: fmt.Errorf("status 200 without data: %s", env.failure)}
		}
	}
	return &AnswerError{Method: asked.method, Path: asked.path, Status: status, Code: env.failure.code, Message: env.failure.message, IsPage: env.isPage}
}

// alertProtocolVersion is TLS's word for having no version in common (RFC 8446,
// section 6).
const alertProtocolVersion = 70

// errUnusable says of a server that no request to it can succeed: its certificate is not
// trusted, or it speaks no TLS that is safe. It ends a run as a refused token does.
var errUnusable = unusable{}

type unusable struct{}

func (unusable) Error() string { return model.ErrRefused.Error() }
func (unusable) Is(target error) bool {
	return target == model.ErrRefused || target == model.ErrDenied
}

// transportError explains a request that got no answer. A certificate that is
// not trusted will not be trusted a second later.
func (c *connection) transportError(asked call, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // its text would repeat the whole URL
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("%w: %s: the server's TLS certificate is not trusted, check CLOUDFLARE_BASE_URL and the machine's certificates; where a proxy inspects TLS, let SSL_CERT_FILE name a file with its certificate authority: %w",
			errUnusable, asked, untrusted.Err)
	}
	if alert, ok := errors.AsType[*net.OpError](err); ok && alert.Op == "remote error" && alert.Err.Error() == tls.AlertError(alertProtocolVersion).Error() {
		return fmt.Errorf("%w: %s: the server speaks no TLS 1.2 or newer, check CLOUDFLARE_BASE_URL: %w", errUnusable, asked, err)
	}
	return &transientError{call: asked, cause: c.redactor.error(fmt.Errorf("%w%s", err, networkAdvice(err)))}
}

// networkAdvice says what to check where a request did not reach the API; empty where
// nothing is known.
func networkAdvice(err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "proxyconnect" {
		return "; check HTTPS_PROXY and the network"
	}
	switch {
	case errors.As(err, new(proxyError)):
		return "; check HTTPS_PROXY and what it lets through"
	case errors.Is(err, syscall.ECONNREFUSED), errors.As(err, new(*net.DNSError)):
		return "; check CLOUDFLARE_BASE_URL and the network"
	case errors.Is(err, http.ErrSchemeMismatch):
		return "; check CLOUDFLARE_BASE_URL"
	}
	return ""
}

// proxyError is the answer of a proxy that does not connect to the API.
type proxyError string

func (e proxyError) Error() string { return "the proxy answers " + string(e) }

// refusedByProxy tells the answer of a proxy from one of the API.
func refusedByProxy(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return proxyError(answer.Status)
}

// bodyError explains a body that was not read to its end.
func bodyError(ctx context.Context, asked call, limit int64, err error) error {
	if errors.Is(err, errTooLarge) {
		return fmt.Errorf("%s: the answer is larger than %d MiB; ask for fewer rows with ROLLCALL_PER_PAGE: %w",
			asked, limit>>20, err)
	}
	if cause := context.Cause(ctx); errors.Is(cause, errIdle) || errors.Is(cause, errDrip) {
		err = cause
	}
	return &transientError{call: asked, cause: err}
}
