package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	prommodel "github.com/prometheus/common/model"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

const canary = "canary-token-0815"

// configure points the program of this process at a simulated API and a
// database of the test's own, with all tables.
func configure(t *testing.T) {
	t.Helper()
	data := simulator.Demo(1, time.Now().UTC().Truncate(time.Hour))
	api := httptest.NewServer(simulator.New(data, simulator.Options{Token: canary}))
	t.Cleanup(api.Close)
	t.Chdir(t.TempDir())
	t.Setenv("CLOUDFLARE_BASE_URL", api.URL+"/client/v4")
	t.Setenv("CLOUDFLARE_ACCOUNT_ID", data.AccountID)
	t.Setenv("CLOUDFLARE_API_TOKEN", canary)
	t.Setenv("DATABASE_URL", pgtest.New(t))
	t.Setenv("ROLLCALL_REQUESTS_PER_SECOND", "1000")
}

// safeBuffer is an output that is read while it is written.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // one for a line at most
}

func newSafeBuffer() *safeBuffer { return &safeBuffer{more: make(chan struct{}, 1)} }

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.more <- struct{}{}:
	default:
	}
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// wait gives the first match of a pattern, as soon as it was written.
func (b *safeBuffer) wait(t *testing.T, pattern string) []string {
	t.Helper()
	late := time.After(2 * time.Minute)
	for {
		if found := regexp.MustCompile(pattern).FindStringSubmatch(b.String()); found != nil {
			return found
		}
		select {
		case <-b.more:
		case <-late:
			t.Fatalf("%q was never written:\n%s", pattern, b)
		}
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", url, resp.Status, err)
	}
	return string(body)
}

// TestMetricsServed scrapes the program while it stays in the foreground, and
// stops it.
func TestMetricsServed(t *testing.T) {
	configure(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, log := newSafeBuffer(), newSafeBuffer()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"run", "--every", "1h", "--metrics-addr", "127.0.0.1:0", "--log-format", "json"}, out, log)
	}()
	addr := log.wait(t, `"msg":"metrics served".*"addr":"([^"]+)"`)[1]
	if got := fetch(t, "http://"+addr+"/healthz"); got != "ok\n" {
		t.Errorf("/healthz answers %q", got)
	}
	out.wait(t, `also read:`)
	text := fetch(t, "http://"+addr+"/metrics")
	parser := expfmt.NewTextParser(prommodel.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"rollcall_build_info", "rollcall_sessions_read_total", "go_goroutines", "process_start_time_seconds"} {
		if families[name] == nil {
			t.Errorf("/metrics lacks %s", name)
		}
	}
	for _, line := range []string{`rollcall_sessions_read_total\{.*outcome="complete"\} 59`, `rollcall_warehouse_readable\{.*\} 1`} {
		if !regexp.MustCompile(line).MatchString(text) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
	if strings.Contains(text, canary) {
		t.Error("/metrics holds the token")
	}
	stop()
	if got := <-code; got != exitDone {
		t.Errorf("told to stop, it exits with %d\n%s", got, log)
	}
}

// receiver is an OTLP collector.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	raw   bytes.Buffer
	spans []*spans.Span
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		var export collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &export)
		}
		if err != nil || req.URL.Path != "/v1/traces" {
			t.Errorf("POST %s: %v", req.URL.Path, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.raw.Write(body)
		for _, of := range export.GetResourceSpans() {
			for _, scope := range of.GetScopeSpans() {
				r.spans = append(r.spans, scope.GetSpans()...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(r.Close)
	return r
}

// TestOneTraceARun has a real OTLP receiver see a run: its sessions, requests and
// statements, all in one trace, and no secret.
func TestOneTraceARun(t *testing.T) {
	configure(t)
	r := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.URL)
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "100000")
	var log bytes.Buffer
	if code := run(t.Context(), []string{"run"}, io.Discard, &log); code != exitDone {
		t.Fatalf("exits with %d\n%s", code, &log)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var root *spans.Span
	names := map[string]int{}
	for _, span := range r.spans {
		names[span.GetName()]++
		if span.GetName() == "rollcall run" {
			root = span
		}
	}
	if root == nil {
		t.Fatalf("no span of the run among %v", names)
	}
	for _, span := range r.spans {
		named := span.GetName() == "session" || strings.HasPrefix(span.GetName(), "GET ") || span.GetName() == "INSERT"
		if named && !bytes.Equal(span.GetTraceId(), root.GetTraceId()) {
			t.Errorf("span %q lies in another trace", span.GetName())
		}
	}
	if names["session"] != 60 || names["GET participants"] < 60 || names["GET sessions"] == 0 || names["INSERT"] == 0 {
		t.Errorf("spans: %v", names)
	}
	t.Logf("%d spans of %d names, %d sessions", len(r.spans), len(names), names["session"])
	for _, secret := range []string{canary, "Authorization", "authorization", "Çelik", "Osei-Mensah"} {
		if bytes.Contains(r.raw.Bytes(), []byte(secret)) {
			t.Errorf("the traces hold %q", secret)
		}
	}
}

// TestDeadCollector has traces lost, not the run.
func TestDeadCollector(t *testing.T) {
	configure(t)
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or nobody notices that the client went away
		<-r.Context().Done()
	}))
	defer hanging.Close()
	for name, url := range map[string]string{"refused": "http://127.0.0.1:1", "hanging": hanging.URL} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
			var log bytes.Buffer
			began := time.Now()
			if code := run(t.Context(), []string{"run", "--quiet"}, io.Discard, &log); code != exitDone {
				t.Fatalf("exits with %d\n%s", code, &log)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("the run took %s", took)
			}
			if !strings.Contains(log.String(), "the run is not affected") {
				t.Errorf("the log does not say that traces were lost:\n%s", &log)
			}
		})
	}
}

// TestNoTracesUnlessAskedFor has nothing sent by default, nor where the
// variables say so.
func TestNoTracesUnlessAskedFor(t *testing.T) {
	configure(t)
	r := newReceiver(t)
	for _, set := range []map[string]string{
		{},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": r.URL, "OTEL_SDK_DISABLED": "true"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": r.URL, "OTEL_TRACES_EXPORTER": "none"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT": r.URL, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
	} {
		t.Run(fmt.Sprint(set), func(t *testing.T) {
			for name, value := range set {
				t.Setenv(name, strings.TrimSpace(value))
			}
			if code := run(t.Context(), []string{"run", "--quiet", "--metrics-file", filepath.Join(t.TempDir(), "x.prom")}, io.Discard, io.Discard); code != exitDone {
				t.Fatalf("exits with %d", code)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			if len(r.spans) > 0 {
				t.Errorf("%d spans were sent", len(r.spans))
			}
		})
	}
}
