package extract

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"syscall"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// AnswerError is an answer of the API that is not the data that was asked for.
// errors.Is tells model.ErrRefused and model.ErrNotFound apart.
type AnswerError struct {
	Path    string // below …/realtime/kit, without host, account or token
	Status  int    // HTTP status, or the error's own code where 200 came with success:false
	Code    int    // code of the error envelope, 0 where there was none
	Message string // message of the error envelope, bounded
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("GET %s: status %d: %s%s", e.Path, e.Status,
		failure{code: e.Code, message: e.Message}, e.advice())
}

// advice says in one clause what to check.
func (e *AnswerError) advice() string {
	switch {
	case e.Code == 6003 || e.Code == 6111:
		return "; check that CLOUDFLARE_API_TOKEN is an API token, complete and without quotes"
	case e.Status == http.StatusBadRequest:
		return "; check CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID and REALTIMEKIT_APP_IDS"
	case e.Status == http.StatusNotFound && e.Path == "/apps":
		return "; check CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_BASE_URL"
	case e.Status == http.StatusUnauthorized:
		return "; check that CLOUDFLARE_API_TOKEN is valid and not expired"
	case e.Status == http.StatusForbidden:
		return "; check that the token has the Realtime permission for CLOUDFLARE_ACCOUNT_ID and allows this machine's address"
	case e.Status >= 300 && e.Status < 400:
		return "; redirects are not followed, check CLOUDFLARE_BASE_URL"
	}
	return ""
}

// Is maps the status to the sentinels by which the pipeline decides.
func (e *AnswerError) Is(target error) bool {
	switch target {
	case model.ErrNotFound:
		return e.Status == http.StatusNotFound || e.Status == http.StatusGone
	case model.ErrRefused:
		return !e.transient() && !e.Is(model.ErrNotFound)
	case model.ErrUnavailable:
		return e.Status == http.StatusForbidden || e.Status == http.StatusMethodNotAllowed || e.Code == codeNoRoute
	case model.ErrBadRequest:
		return e.Status == http.StatusBadRequest
	}
	return false
}

// codeNoRoute is the gateway's code for a path that it does not serve.
const codeNoRoute = 7003

func (e *AnswerError) transient() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return e.Status >= 500 || e.Status < 300 // an answer without data is no refusal
}

// transientError is a failure that another attempt may not meet: the transport,
// or a body that is cut, empty or not JSON.
type transientError struct {
	path  string
	cause error
}

func (e *transientError) Error() string { return fmt.Sprintf("GET %s: %v", e.path, e.cause) }
func (e *transientError) Unwrap() error { return e.cause }

func isTransient(err error) bool {
	if answer, ok := errors.AsType[*AnswerError](err); ok {
		return answer.transient()
	}
	_, ok := errors.AsType[*transientError](err)
	return ok
}

// answerError explains an answer by its status, or, where that is 200, by the
// error it holds: a status as RealtimeKit writes it, or one of Cloudflare's own
// codes, all of which from 1000 up speak of the token, the account or the path.
func (c *Client) answerError(path string, resp *http.Response, env envelope) error {
	env.failure.message = c.errorText(env.failure.message)
	status := resp.StatusCode
	if status == http.StatusOK {
		switch code := env.failure.code; {
		case code >= 300 && code < 600:
			status = code
		case code >= 1000:
			status = http.StatusForbidden
		default:
			return &transientError{path: path, cause: fmt.Errorf("status 200 without data: %s", env.failure)}
		}
	}
	return &AnswerError{Path: path, Status: status, Code: env.failure.code, Message: env.failure.message}
}

// alertProtocolVersion is TLS's word for having no version in common (RFC 8446,
// section 6).
const alertProtocolVersion = 70

// transportError explains a request that got no answer. A certificate that is
// not trusted will not be trusted a second later.
func (c *Client) transportError(path string, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // its text would repeat the whole URL
	}
	if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("%w: GET %s: the server's TLS certificate is not trusted, check CLOUDFLARE_BASE_URL and the machine's certificates; where a proxy inspects TLS, let SSL_CERT_FILE name a file with its certificate authority: %w",
			model.ErrRefused, path, untrusted.Err)
	}
	if alert, ok := errors.AsType[*net.OpError](err); ok && alert.Op == "remote error" && alert.Err.Error() == tls.AlertError(alertProtocolVersion).Error() {
		return fmt.Errorf("%w: GET %s: the server speaks no TLS 1.2 or newer, check CLOUDFLARE_BASE_URL: %w", model.ErrRefused, path, err)
	}
	if errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, new(*net.DNSError)) {
		err = fmt.Errorf("%w; check CLOUDFLARE_BASE_URL and the network", err)
	}
	return &transientError{path: path, cause: c.redactor.error(err)}
}

// bodyError explains a body that was not read to its end.
func bodyError(ctx context.Context, path string, limit int64, err error) error {
	if errors.Is(err, errTooLarge) {
		return fmt.Errorf("GET %s: the answer is larger than %d MiB; ask for fewer rows with ROLLCALL_PER_PAGE: %w",
			path, limit>>20, err)
	}
	if cause := context.Cause(ctx); errors.Is(cause, errIdle) || errors.Is(cause, errDrip) {
		err = cause
	}
	return &transientError{path: path, cause: err}
}
