package extract

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// outcome is how reading ended under virtual time.
type outcome struct {
	err      error
	requests int
	took     time.Duration
	log      string
}

// under reads a session of 12 rows while every request meets the answer.
func under(t *testing.T, answer simulator.Answer, times int, change ...func(*Config)) (got outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, bulk(12), simulator.Options{Script: []simulator.Fault{{Answer: answer, Times: times}}}, change...)
		began := time.Now()
		read, err := r.participants(t.Context())
		if err == nil && len(read.participants) != 12 {
			t.Errorf("%d rows", len(read.participants))
		}
		got = outcome{err, r.requests(), time.Since(began), r.log.String()}
	})
	if text := got.log + errorText(got.err); strings.Contains(text, token) {
		t.Errorf("the token was told: %s", text)
	}
	return got
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func reply(status int, body string) simulator.Answer { return simulator.Reply(status, nil, body) }

// 429 must not crash a sync (airbytehq/airbyte#11899, airbytehq/airbyte#14253),
// nor a fault that passes.
func TestFaultsThatPassAreRepeatedForTheTimeAllowed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer simulator.Answer
		says   string
	}{
		"408":                   {reply(408, ""), "status 408"},
		"425":                   {reply(425, ""), "status 425"},
		"429 of the proxy":      {simulator.EnvoyRateLimited(time.Second), "status 429"},
		"500 of the kit":        {simulator.KitError(500, "boom"), "boom (code 500)"},
		"502 HTML":              {simulator.HTML(502), "status 502: no reason given"},
		"503 cut":               {reply(503, `{"success":fal`), "status 503"},
		"code without a text":   {reply(500, `{"error":{"code":500}}`), "no reason given (code 500)"},
		"200 HTML":              {simulator.HTML(200), "HTML page"},
		"200 empty":             {simulator.Empty(200), "empty body"},
		"200 blank":             {reply(200, " \n "), "empty body"},
		"204":                   {simulator.Empty(204), "status 204"},
		"200 garbage":           {simulator.Garbage(), "read JSON"},
		"200 cut":               {simulator.Truncated(), "read JSON"},
		"200 reset":             {simulator.ConnectionReset(), "GET"},
		"200 not an object":     {reply(200, `[]`), "an object wanted"},
		"200 without data":      {reply(200, `{}`), "without data"},
		"200 two answers":       {reply(200, `{"success":true,"data":{}}{"success":true,"data":{}}`), "more text follows"},
		"200 and a proxy's tag": {reply(200, `{"success":true,"data":{}}<!-- -->`), "read JSON"},
		"200 that says 429":     {simulator.Unsuccessful(429, "slow down"), "slow down (code 429)"},
		"200 that says 500":     {simulator.Unsuccessful(500, "boom"), "boom (code 500)"},
		"200 that says false":   {reply(200, `{"success":false,"data":""}`), "without data"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := under(t, tt.answer, 3); got.err != nil || got.requests != 5 {
				t.Errorf("after three faults: %v, %d requests", got.err, got.requests)
			}
			got := under(t, tt.answer, 0)
			if got.err == nil || !strings.Contains(got.err.Error(), tt.says) || !strings.Contains(got.err.Error(), "gave up after") {
				t.Errorf("%v does not say %q", got.err, tt.says)
			}
			if errors.Is(got.err, model.ErrRefused) || errors.Is(got.err, model.ErrNotFound) {
				t.Errorf("%v ends more than this session", got.err)
			}
			if got.requests < 5 || got.took > time.Minute+time.Duration(got.requests)*time.Second {
				t.Errorf("%d requests in %s", got.requests, got.took)
			}
		})
	}
}

func TestRefusalsAreSaidOnceAndForAll(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer simulator.Answer
		is     error
		says   string
	}{
		"400":                        {simulator.KitError(400, "bad"), model.ErrRefused, "the API refuses this session"},
		"400 bad header":             {simulator.GatewayError(400, 6003, "Invalid request headers"), model.ErrRefused, "complete and without quotes"},
		"401 bare":                   {simulator.BareUnauthorized(), model.ErrRefused, "Unauthorized; check that CLOUDFLARE_API_TOKEN"},
		"403":                        {simulator.GatewayError(403, 10000, "Authentication error"), model.ErrRefused, "Realtime permission"},
		"404":                        {simulator.KitError(404, "No session found"), model.ErrNotFound, "No session found"},
		"410":                        {reply(410, ""), model.ErrNotFound, "410"},
		"409":                        {reply(409, ""), model.ErrRefused, "409"},
		"307":                        {simulator.Redirect("https://example.com/"), model.ErrRefused, "redirects are not followed"},
		"200 that says 10000":        {simulator.Unsuccessful(10000, "Authentication error"), model.ErrRefused, "Realtime permission"},
		"200 that says 404":          {simulator.Unsuccessful(404, "none"), model.ErrNotFound, "none"},
		"200 that says 403 in a way": {reply(200, `{"data":"","success":false,"errors":[{"code":403.0,"message":"no"}]}`), model.ErrRefused, "no (code 403)"},
		"the token is repeated":      {simulator.KitError(401, "bad token "+token), model.ErrRefused, "bad token [redacted]"},
		"a text for a terminal":      {simulator.KitError(401, "bad\n\x1b[31mtoken"), model.ErrRefused, "bad  [31mtoken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := under(t, tt.answer, 0)
			if !errors.Is(got.err, tt.is) || !strings.Contains(got.err.Error(), tt.says) || strings.ContainsAny(got.err.Error(), "\n\x00\x1b") {
				t.Errorf("%v", got.err)
			}
			if got.requests != 1 || got.took != 0 {
				t.Errorf("%d requests in %s", got.requests, got.took)
			}
			if errors.Is(got.err, model.ErrRefused) == errors.Is(got.err, model.ErrNotFound) {
				t.Errorf("%v is both refused and not found, or neither", got.err)
			}
		})
	}
}

// A server that repeats the token does not get it into an error, the log or the
// database, however it writes it and wherever its text is cut.
func TestTheTokenGoesNoFurther(t *testing.T) {
	t.Parallel()
	data := bulk(12)
	basic := base64.StdEncoding.EncodeToString([]byte(data.AccountID + ":" + token))
	failed := func(message string) simulator.Answer {
		return reply(200, `{"success":false,"error":{"message":"`+message+`"}}`)
	}
	for name, answer := range map[string]simulator.Answer{
		"200 without a code": failed("invalid token " + token),
		"200 with code 0":    reply(200, `{"success":false,"errors":[{"code":0,"message":"invalid token `+token+`"}]}`),
		"where it is cut":    simulator.KitError(401, strings.Repeat("x", maxErrorText-10)+token),
		"escaped":            failed(`invalid token \u0063` + token[1:]),
		"basic":              failed(basic),
		"500":                simulator.KitError(500, token),
		// net/http quotes a header that it cannot read.
		"a bad header":      simulator.Reply(307, http.Header{"Location": {"http://[::1]:bad/" + token}}, ""),
		"a bad member":      reply(200, `{"data":{"participants":"`+token+`"}}`),
		"a bad record":      reply(200, `{"data":{"participants":[{"id":"`+token+`","joined_at":"`+token+`"}],"`+token+`":1}}`),
		"an escaped record": reply(200, `{"data":{"participants":[{"id":"\u0074`+token[1:]+`","joined_at":"%74`+token[1:]+`"}]}}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, data, simulator.Options{Script: []simulator.Fault{{Answer: answer, Times: 100}}}, func(c *Config) { c.RetryFor = 0 })
				read, err := r.participants(t.Context())
				told := fmt.Sprintf("%v %v %s", err, read, r.log)
				if strings.Contains(told, token) || strings.Contains(told, token[:8]) || strings.Contains(told, basic) {
					t.Errorf("the token was told: %s", told)
				}
			})
		})
	}
}

// A server that is silent, or never quite silent, must not hold a run for ever
// (meltano/meltano#9147).
func TestSlowBodiesEnd(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer simulator.Answer
		says   string
		longer time.Duration
	}{
		"silent": {simulator.Stall(time.Hour), "stopped sending", 10 * time.Second},
		"drip":   {simulator.Drip(1, 9*time.Second), "sends too slowly", 100 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := under(t, tt.answer, 0)
			if got.err == nil || !strings.Contains(got.err.Error(), tt.says) {
				t.Errorf("%v", got.err)
			}
			if got.took > time.Minute+tt.longer { // an attempt that began in time may end late
				t.Errorf("took %s", got.took)
			}
		})
	}
	if got := under(t, simulator.Drip(2048, 5*time.Second), 1); got.err != nil {
		t.Errorf("a slow body that ends: %v", got.err)
	}
}

// When a run is stopped, the person who reads its error must learn why it was
// waiting.
func TestCauseSurvivesTheEndOfTheContext(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{"between tries": 20 * time.Second, "at once": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, bulk(12), simulator.Options{Script: []simulator.Fault{{Answer: simulator.KitError(503, "upstream is tired")}}})
				ctx, cancel := context.WithTimeout(t.Context(), after)
				defer cancel()
				_, err := r.participants(ctx)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v", err)
				}
				if after > 0 && !strings.Contains(err.Error(), "upstream is tired") {
					t.Errorf("%v does not tell the cause", err)
				}
			})
		})
	}
}

func TestCauseSurvivesASpentBudget(t *testing.T) {
	t.Parallel()
	got := under(t, simulator.RateLimited(5*time.Minute), 0, func(c *Config) {
		c.Budget = NewBudget(BudgetConfig{PerSecond: 10, MaxWait: time.Minute})
	})
	if !errors.Is(got.err, model.ErrBudgetSpent) || !strings.Contains(got.err.Error(), "status 429") || got.requests != 1 {
		t.Errorf("%v after %d requests", got.err, got.requests)
	}
}

// Waiting as the server asks is not a fault that patience is spent on.
func TestRetryAfterDoesNotCountAsPatience(t *testing.T) {
	t.Parallel()
	got := under(t, simulator.RateLimited(5*time.Minute), 2)
	if got.err != nil || got.took < 10*time.Minute || got.requests != 4 {
		t.Errorf("%v after %d requests in %s", got.err, got.requests, got.took)
	}
	// Also where nothing else tells how long to wait.
	for _, status := range []int{429, 503} {
		got := under(t, simulator.Reply(status, http.Header{"Retry-After": {"300"}}, ""), 2)
		if got.err != nil || got.took < 10*time.Minute || got.requests != 4 {
			t.Errorf("%d alone: %v after %d requests in %s", status, got.err, got.requests, got.took)
		}
	}
}

func TestTransportThatIsNeverReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, bulk(1), simulator.Options{})
		tries := 0
		r.http.Transport = roundTrip(func(*http.Request) (*http.Response, error) {
			tries++
			return nil, errors.New("connection refused")
		})
		began := time.Now()
		_, err := r.participants(t.Context())
		if err == nil || !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "localhost") {
			t.Errorf("%v", err)
		}
		if took := time.Since(began); took > time.Minute || tries < 5 || tries > 100 {
			t.Errorf("%d tries in %s", tries, took)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Rows of an answer that broke off are not handed on beside those of the next try.
func TestBrokenAnswerLeavesNoRows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rows = `{"success":true,"data":[{"id":"first"},{"id":"second"}`
		r := newRig(t, nil, simulator.Options{Script: []simulator.Fault{
			{Nth: 1, Answer: reply(http.StatusOK, rows)},
			{Answer: reply(http.StatusOK, rows+`],"paging":{"total_count":2,"start_offset":1,"end_offset":2}}`)},
		}})
		var got []string
		pass, err := r.Apps(t.Context(), func(page model.AppPage) error {
			for _, app := range page.Apps {
				got = append(got, app.ID)
			}
			return nil
		})
		if err != nil || !slices.Equal(got, []string{"first", "second"}) || pass.Duplicates != 0 {
			t.Errorf("handed on %v; %+v, %v", got, pass, err)
		}
	})
}
