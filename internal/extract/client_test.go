package extract_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

const token = "canary-token-1234"

// rig is a client before a simulated API, over real HTTP.
type rig struct {
	sim     *simulator.Server
	client  *extract.Client
	log     *bytes.Buffer
	app     string
	session model.UUID
	rows    int
}

// newRig serves one session of the given size. change adjusts the client.
func newRig(t *testing.T, rows int, change func(*extract.Config)) *rig {
	t.Helper()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: rows, EventsPerParticipant: 3}, 1, time.Now())
	r := &rig{sim: simulator.New(data, simulator.Options{Token: token}), log: new(bytes.Buffer), app: data.Apps[0].ID, rows: rows}
	server := httptest.NewServer(r.sim)
	t.Cleanup(server.Close)
	var err error
	if r.session, err = model.ParseUUID(data.Apps[0].Sessions[0].ID); err != nil {
		t.Fatal(err)
	}
	cfg := extract.Config{
		BaseURL: server.URL + "/client/v4", AccountID: data.AccountID, Token: secret.New(token), UserAgent: "test",
		PerPage: 10, MaxBody: 8 << 20, RetryFor: 20 * time.Second, Timeout: 10 * time.Second,
		Budget: extract.NewBudget(extract.BudgetConfig{PerSecond: 1e6, QuotaShare: 0.2, MaxWait: time.Minute}),
		Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&cfg)
	}
	if r.client, err = extract.New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.client.Close)
	return r
}

// read walks over the session's participants and counts how often each came.
func (r *rig) read(ctx context.Context) (seen map[model.UUID]int, events int, pass model.Pass, err error) {
	seen = make(map[model.UUID]int)
	pass, err = r.client.Participants(ctx, r.app, r.session, func(page model.ParticipantPage) error {
		for i := range page.Participants {
			seen[page.Participants[i].ID]++
		}
		events += len(page.Events)
		return nil
	})
	return seen, events, pass, err
}

func TestPagingUnderEveryReadingOfTheDocumentation(t *testing.T) {
	t.Parallel()
	dialects := map[string]simulator.Dialect{
		"documented":          {},
		"pages from 0":        {PageBase0: true},
		"cap 7":               {MaxPerPage: 7},
		"cap 7, gaps":         {MaxPerPage: 7, CapRowsOnly: true},
		"pages from 0, cap 7": {PageBase0: true, MaxPerPage: 7},
		"pages from 0, gaps":  {PageBase0: true, MaxPerPage: 7, CapRowsOnly: true},
		"paging at the top":   {Paging: simulator.PagingTop},
		"paging absent":       {Paging: simulator.PagingAbsent},
		"absent, from 0":      {Paging: simulator.PagingAbsent, PageBase0: true},
		"absent, cap 7":       {Paging: simulator.PagingAbsent, MaxPerPage: 7},
		"absent, gaps":        {Paging: simulator.PagingAbsent, MaxPerPage: 7, CapRowsOnly: true},
		"counts as floats":    {FloatCounts: true},
		"empty last page":     {EmptyLastPage: true},
		"ties change places":  {},
	}
	for name, dialect := range dialects {
		for _, rows := range []int{0, 1, 7, 10, 11, 20, 45, 101} {
			t.Run(fmt.Sprintf("%s/%d rows", name, rows), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, rows, nil)
				r.sim.SetDialect(dialect)
				seen, events, pass, err := r.read(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if len(seen) != rows || pass.Distinct != rows {
					t.Errorf("%d different rows came and %d were counted, want %d", len(seen), pass.Distinct, rows)
				}
				if !pass.Sound() {
					t.Errorf("the pass is not sound: %s", pass.Doubt())
				}
				if pass.Duplicates == 0 && events != 3*rows {
					t.Errorf("%d events came, want %d", events, 3*rows)
				}
				want := max((rows+9)/10, 1)
				if rows == 10 {
					want++ // the number of rows, or of those on the page?
				}
				if got := r.sim.Stats().Requests; name == "documented" && got != want {
					t.Errorf("%d requests were sent, want %d", got, want)
				} else if got > 2*rows/7+6 {
					t.Errorf("%d requests were sent for %d rows", got, rows)
				}
			})
		}
	}
}

// Full refresh of one page only, then calling it done: stripe/sync-engine #92.
func TestServerThatRepeatsItsLastPageIsBoundedAndLoud(t *testing.T) {
	t.Parallel()
	r := newRig(t, 25, nil)
	r.sim.SetDialect(simulator.Dialect{RepeatLastPage: true})
	seen, _, pass, err := r.read(t.Context())
	if err != nil || len(seen) != 25 {
		t.Fatalf("%d rows came: %v", len(seen), err)
	}
	if pass.Sound() || r.sim.Stats().Requests > 10 {
		t.Errorf("pass %+v after %d requests", pass, r.sim.Stats().Requests)
	}
}

// airbytehq/airbyte#21500: rows that shift between two pages.
func TestRowsThatShiftAreNoticed(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"late-row:nth=2", "lost-row:nth=2"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 35, nil)
			f, err := simulator.ParseFault(fault)
			if err != nil {
				t.Fatal(err)
			}
			r.sim.Script(f)
			_, _, pass, err := r.read(t.Context())
			if err != nil || pass.Sound() {
				t.Fatalf("pass %+v: %v", pass, err)
			}
			if _, _, again, err := r.read(t.Context()); err != nil || !again.Sound() {
				t.Errorf("the second pass is %+v: %v", again, err)
			}
		})
	}
}

// airbytehq/airbyte#11899, #14253: transient failures are repeated, until they
// end; the rows come once.
func TestTransientFailuresAreRepeated(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{
		"500", "502", "503", "408", "rate-limited:wait=0s", "html", "html-200", "empty", "garbage", "truncated", "cut-gzip",
		"unsuccessful:code=500", "envoy-rate-limited:wait=0s",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 25, nil)
			spec := fault + ",nth=2"
			if !strings.Contains(fault, ":") {
				spec = fault + ":nth=2"
			}
			f, err := simulator.ParseFault(spec)
			if err != nil {
				t.Fatal(err)
			}
			r.sim.Script(f)
			seen, events, pass, err := r.read(t.Context())
			if err != nil || len(seen) != 25 || events != 75 || !pass.Sound() {
				t.Fatalf("%d rows, %d events, %+v: %v", len(seen), events, pass, err)
			}
			if got := r.sim.Stats().Requests; got != 4 {
				t.Errorf("%d requests, want 3 and one repeated", got)
			}
		})
	}
}

// What no repetition mends ends at once, and says what to check.
func TestRefusalsAreNotRepeated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer simulator.Answer
		kind   error
		want   string
	}{
		"400 with the gateway's envelope": {simulator.GatewayError(400, 6003, "Invalid request headers"), model.ErrRefused, "is an API token"},
		"400 with RealtimeKit's":          {simulator.KitError(400, "BAD_REQUEST"), model.ErrRefused, "BAD_REQUEST"},
		"401 without an envelope":         {simulator.BareUnauthorized(), model.ErrRefused, "Unauthorized"},
		"403":                             {simulator.GatewayError(403, 10000, "Authentication error"), model.ErrRefused, "Realtime permission"},
		"404":                             {simulator.KitError(404, "No session found"), model.ErrNotFound, "No session found"},
		"200 that says 403":               {simulator.Unsuccessful(403, "no"), model.ErrRefused, "the API refuses this session"},
		"200 that says 404":               {simulator.Unsuccessful(404, "gone"), model.ErrNotFound, "gone"},
		"403 as a page":                   {simulator.HTML(403), model.ErrRefused, "an HTML page came in place of JSON; the API writes no pages"},
		"403 as a line":                   {simulator.Reply(403, http.Header{"Content-Type": {"text/plain"}}, "error code: 1020\n"), model.ErrRefused, "error code: 1020; the API refuses this session"},
		"400 with a byte order mark":      {simulator.Reply(400, nil, "\uFEFF"+`{"success":false,"error":{"code":400,"message":"BAD"}}`), model.ErrRefused, "BAD (code 400)"},
		"redirect":                        {simulator.Redirect("http://127.0.0.1:9/"), model.ErrRefused, "CLOUDFLARE_BASE_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 5, nil)
			r.sim.Script(simulator.Fault{Answer: c.answer})
			_, _, _, err := r.read(t.Context())
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			if got := r.sim.Stats().Requests; got != 1 {
				t.Errorf("%d requests, want 1", got)
			}
			if strings.Contains(fmt.Sprint(err)+r.log.String(), token) {
				t.Error("the token was told")
			}
		})
	}
}

// dlt-hub/dlt#2221, airbytehq/airbyte#11721: what an answer may cost is bounded,
// on the unpacked side.
func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]simulator.Answer{
		"huge": simulator.Huge(9 << 20), "gzip bomb": simulator.GzipBomb(64 << 20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 5, nil)
			r.sim.Script(simulator.Fault{Answer: answer})
			_, _, _, err := r.read(t.Context())
			if err == nil || !strings.Contains(err.Error(), "larger than 8 MiB") || !strings.Contains(err.Error(), "ROLLCALL_PER_PAGE") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestServerThatStopsSendingIsLeft(t *testing.T) {
	t.Parallel()
	r := newRig(t, 20, func(c *extract.Config) { c.Timeout, c.RetryFor = 100*time.Millisecond, 0 })
	r.sim.Script(simulator.Fault{Answer: simulator.Stall(time.Minute)})
	_, _, _, err := r.read(t.Context())
	if err == nil || !strings.Contains(err.Error(), "stopped sending") {
		t.Errorf("got %v", err)
	}
}

func TestUntrustedCertificateIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	r := newRig(t, 1, func(c *extract.Config) { c.BaseURL = server.URL + "/client/v4" })
	_, _, _, err := r.read(t.Context())
	if !errors.Is(err, model.ErrRefused) || !strings.Contains(err.Error(), "certificate is not trusted") {
		t.Errorf("got %v", err)
	}
}

// The cause survives into what a person reads.
func TestCauseSurvivesTheEndOfPatience(t *testing.T) {
	t.Parallel()
	r := newRig(t, 5, func(c *extract.Config) { c.RetryFor = time.Second })
	r.sim.Script(simulator.Fault{Answer: simulator.KitError(503, "upstream is tired")})
	_, _, _, err := r.read(t.Context())
	if err == nil || !strings.Contains(err.Error(), "gave up after") || !strings.Contains(err.Error(), "upstream is tired") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	patient := newRig(t, 5, nil)
	patient.sim.Script(simulator.Fault{Answer: simulator.KitError(503, "upstream is tired")})
	_, _, _, err = patient.read(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "upstream is tired") {
		t.Errorf("the end of the context gave %v", err)
	}
}

func TestSessionDetailFlatAndNested(t *testing.T) {
	t.Parallel()
	for _, dialect := range []simulator.Dialect{{}, {NestedDetail: true}} {
		r := newRig(t, 3, nil)
		r.sim.SetDialect(dialect)
		session, err := r.client.Session(t.Context(), r.app, r.session)
		if err != nil || session.ID != r.session || session.Status != model.StatusEnded || session.AppID != r.app || session.Extra != nil {
			t.Errorf("nested=%t: %+v, %v", dialect.NestedDetail, session, err)
		}
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	good := extract.Config{
		BaseURL: "https://api.example/client/v4", AccountID: "a", Token: secret.New(token),
		PerPage: 1, MaxBody: 1, Timeout: 1, Logger: slog.New(slog.DiscardHandler), Budget: extract.NewBudget(extract.BudgetConfig{PerSecond: 1}),
	}
	for name, change := range map[string]func(*extract.Config){
		"no host":         func(c *extract.Config) { c.BaseURL = "client/v4" },
		"plain http":      func(c *extract.Config) { c.BaseURL = "http://api.example/client/v4" },
		"password in URL": func(c *extract.Config) { c.BaseURL = "https://u:p@api.example/" },
		"no account":      func(c *extract.Config) { c.AccountID = "" },
		"account of path": func(c *extract.Config) { c.AccountID = "../x" },
		"no token":        func(c *extract.Config) { c.Token = secret.Text{} },
		"quoted token":    func(c *extract.Config) { c.Token = secret.New("two words") },
	} {
		bad := good
		change(&bad)
		if _, err := extract.New(bad); !errors.Is(err, model.ErrUsage) || strings.Contains(err.Error(), token) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := extract.New(good); err != nil {
		t.Errorf("a good configuration gave %v", err)
	}
}
