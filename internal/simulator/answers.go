package simulator

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"
)

const (
	typeJSON = "application/json; charset=utf-8"
	typeHTML = "text/html; charset=UTF-8"
)

// Reply answers with a status, a body and headers. Content-Type is JSON unless
// the headers say otherwise. A status outside 200 to 599 becomes 500.
func Reply(status int, header http.Header, body string) Answer {
	if status < 200 || status > 599 {
		status = http.StatusInternalServerError
	}
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", typeJSON)
		maps.Copy(w.Header(), header)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // a client that went away is no concern of ours
	}
}

// GatewayError answers with Cloudflare's envelope {errors:[…],result:null}.
func GatewayError(status, code int, message string) Answer {
	e := apiError{status: status, code: code, message: message, gateway: true}
	return Reply(status, nil, string(e.render()))
}

// KitError answers with RealtimeKit's envelope {error:{code,message}}, in which
// the code repeats the status.
func KitError(status int, message string) Answer {
	e := apiError{status: status, code: status, message: message}
	return Reply(status, nil, string(e.render()))
}

// RateLimited answers 429 as the gateway does, with Retry-After in whole seconds.
func RateLimited(retryAfter time.Duration) Answer {
	t := seconds(retryAfter)
	e := denied(http.StatusTooManyRequests, "More than 1200 requests per 300 seconds reached. Please wait and consider throttling your request speed")
	return Reply(e.status, http.Header{
		"Retry-After":      {strconv.Itoa(t)},
		"Ratelimit":        {fmt.Sprintf(`"default";r=0;t=%d`, t)},
		"Ratelimit-Policy": {`"default";q=1200;w=300`},
	}, string(e.render()))
}

// EnvoyRateLimited answers 429 as the proxy behind the gateway does: without a
// body.
func EnvoyRateLimited(retryAfter time.Duration) Answer {
	return Reply(http.StatusTooManyRequests, http.Header{
		"Retry-After":         {strconv.Itoa(seconds(retryAfter))},
		"X-Envoy-Ratelimited": {"true"},
		"Content-Type":        nil,
	}, "")
}

// HTML answers with an error page, as a proxy in between does.
func HTML(status int) Answer {
	page := fmt.Sprintf("<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n<center><h1>%[1]d %[2]s</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n",
		status, http.StatusText(status))
	return Reply(status, http.Header{"Content-Type": {typeHTML}}, page)
}

// Empty answers with a status and no body.
func Empty(status int) Answer { return Reply(status, nil, "") }

// Unsuccessful answers 200 with success false and that error code.
func Unsuccessful(code int, message string) Answer {
	e := apiError{code: code, message: message}
	return Reply(http.StatusOK, nil, string(e.render()))
}

// BareUnauthorized answers 401 in the third envelope, the one without success.
func BareUnauthorized() Answer {
	return Reply(http.StatusUnauthorized, nil, `{"message":"Unauthorized"}`)
}

// Garbage answers 200 with something that only begins like JSON.
func Garbage() Answer {
	return Reply(http.StatusOK, nil, "{\"success\":true,\"data\":{\"participants\":[{\"id\":\x00\xff\xfe NaN,,}]")
}

// Redirect answers 307 with another place to go to.
func Redirect(location string) Answer {
	return Reply(http.StatusTemporaryRedirect, http.Header{"Location": {location}}, "")
}

// captured is an http.ResponseWriter that keeps the answer.
type captured struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (c *captured) Header() http.Header { return c.header }

func (c *captured) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

func (c *captured) Write(b []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.body.Write(b)
}

// capture returns the normal answer, uncompressed, and puts its headers on w.
func capture(w http.ResponseWriter, r *http.Request, next http.Handler) *captured {
	plain := r.Clone(r.Context())
	plain.Header.Del("Accept-Encoding")
	c := &captured{header: w.Header()}
	next.ServeHTTP(c, plain)
	c.WriteHeader(http.StatusOK)
	return c
}

// KeptNonetheless does what a POST asks for and answers 500.
func KeptNonetheless() Answer {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(&captured{header: http.Header{}}, r)
		KitError(http.StatusInternalServerError, "Internal Server Error")(w, r, nil)
	}
}
