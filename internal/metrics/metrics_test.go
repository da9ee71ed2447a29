package metrics_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	prommodel "github.com/prometheus/common/model"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/metrics"
	"github.com/rollcall-etl/rollcall/internal/model"
)

// everything reads books in which there is one of each kind.
func everything(context.Context) (model.Books, error) {
	now := time.Now()
	name := "Bio\"logy\n"
	return model.Books{
		At: now,
		Runs: []model.LastRun{{
			Kind: model.KindRun, Status: model.RunPartial, StartedAt: now, FinishedAt: &now, CompletedAt: &now, SucceededAt: &now,
		}},
		Apps:     []model.AppOverview{{ID: "app", Name: &name, DiscoveredAt: &now}},
		Sessions: model.SessionCounts{Total: 3, Live: 1, Failed: 2},
		Waiting:  1,
		Rejected: []model.RejectedOverview{{Entity: model.EntityParticipant, Open: 4}},
	}, nil
}

func unreadable(context.Context) (model.Books, error) { return model.Books{}, errors.New("away") }

// used gives metrics of a process that did something of everything.
func used() *metrics.Metrics {
	m := metrics.New("acc", "v1")
	m.Request(extract.Exchange{Endpoint: "apps", Status: 429, Try: 1, Waited: time.Second, Took: time.Second})
	m.Request(extract.Exchange{Endpoint: "apps", Try: 2})
	m.Rows("sessions", model.RowCounts{Read: 2, Inserted: 1, Unchanged: 1, Repaired: 1})
	m.Session(model.OutcomeFailed)
	m.Ended(model.KindRun, 3, time.Minute)
	return m
}

func parse(t *testing.T, path string) map[string]*dto.MetricFamily {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(prommodel.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return families
}

func write(t *testing.T, m *metrics.Metrics, path string, read metrics.Reader) map[string]*dto.MetricFamily {
	t.Helper()
	if err := m.WriteFile(t.Context(), path, read); err != nil {
		t.Fatal(err)
	}
	return parse(t, path)
}

// value gives the metric whose labels include those given as name, value, ….
func value(t *testing.T, families map[string]*dto.MetricFamily, name string, labels ...string) float64 {
	t.Helper()
	for _, metric := range families[name].GetMetric() {
		has := map[string]string{}
		for _, pair := range metric.GetLabel() {
			has[pair.GetName()] = pair.GetValue()
		}
		fits := true
		for i := 0; i < len(labels); i += 2 {
			fits = fits && has[labels[i]] == labels[i+1]
		}
		if fits {
			return metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
		}
	}
	t.Fatalf("no %s%v", name, labels)
	return 0
}

// TestNamesFollowTheConventions lints what is written as promtool check metrics
// would.
func TestNamesFollowTheConventions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rollcall.prom")
	families := write(t, used(), path, everything)
	problems, err := promlint.NewWithMetricFamilies(slices.Collect(maps.Values(families))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for name, family := range families {
		if n := len(family.GetMetric()); n > 100 {
			t.Errorf("%s has %d series", name, n)
		}
	}
}

// TestNamesAreKnown has every metric that the rules, the dashboard and the
// manual name be one that is exported, and every exported one in the manual.
func TestNamesAreKnown(t *testing.T) {
	exported := write(t, used(), filepath.Join(t.TempDir(), "rollcall.prom"), everything)
	maps.Copy(exported, servedByFleet(t))
	pattern := regexp.MustCompile(`\brollcall_[a-z0-9_]+`)
	text := func(path string) string {
		b, err := os.ReadFile(filepath.Join("..", "..", path))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	dashboard := text("deploy/grafana/prometheus/rollcall-metrics.json")
	if !json.Valid([]byte(dashboard)) {
		t.Error("the dashboard is no JSON")
	}
	fleet := text("deploy/grafana/prometheus/rollcall-fleet.json")
	if !json.Valid([]byte(fleet)) {
		t.Error("the dashboard of the fleet is no JSON")
	}
	manual := text("docs/monitoring.md")
	for where, what := range map[string]string{
		"rules": text("deploy/prometheus/rollcall.rules.yml"), "tests of the rules": text("deploy/prometheus/rollcall.rules.test.yml"),
		"dashboard": dashboard, "dashboard of the fleet": fleet, "manual": manual,
	} {
		named := pattern.FindAllString(what, -1)
		if len(named) < 8 {
			t.Errorf("only %d metrics in the %s", len(named), where)
		}
		for _, name := range named {
			if exported[strings.TrimSuffix(name, "_bucket")] == nil && name != "rollcall_queue" { // the schema
				t.Errorf("the %s: nobody exports %s", where, name)
			}
		}
	}
	for name := range exported {
		if !strings.Contains(manual, "`"+name+"`") {
			t.Errorf("docs/monitoring.md lacks %s", name)
		}
	}
	for _, alert := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(text("deploy/prometheus/rollcall.rules.yml"), -1) {
		if !strings.Contains(manual, "`"+alert[1]+"`") {
			t.Errorf("docs/monitoring.md lacks the alert %s", alert[1])
		}
	}
}

// TestFileGoesOn has counters add up over processes, and gauges stay where the
// books cannot be read.
func TestFileGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rollcall.prom")
	first := write(t, used(), path, everything)
	if got := value(t, first, "rollcall_api_requests_total", "code", "429"); got != 1 {
		t.Errorf("429: %g, want 1", got)
	}
	m := used()
	second := write(t, m, path, unreadable)
	for name, want := range map[string]float64{
		"rollcall_api_retries_total": 2, "rollcall_budget_waits_total": 2, "rollcall_budget_wait_seconds_total": 2,
	} {
		if got := value(t, second, name); got != want {
			t.Errorf("%s: %g, want %g", name, got, want)
		}
	}
	name := "rollcall_last_success_timestamp_seconds"
	if got, want := value(t, second, name), value(t, first, name); got != want {
		t.Errorf("%s: %g, want %g", name, got, want)
	}
	if got := value(t, second, "rollcall_warehouse_readable"); got != 0 {
		t.Errorf("readable: %g", got)
	}
	// The same process once more: what was written is not counted again.
	if got := value(t, write(t, m, path, everything), "rollcall_budget_waits_total"); got != 2 {
		t.Errorf("waits, written again: %g, want 2", got)
	}
}

// TestFileShared has processes that end at once lose nothing.
func TestFileShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rollcall.prom")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := used().WriteFile(t.Context(), path, everything); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := value(t, parse(t, path), "rollcall_budget_waits_total"); got != 8 {
		t.Errorf("waits of 8 processes: %g", got)
	}
}

// TestBusyPort names the address and what to do.
func TestBusyPort(t *testing.T) {
	first, err := metrics.Listen(t.Context(), metrics.New("a", "v"), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	first.Serve(everything, slog.New(slog.DiscardHandler))
	_, err = metrics.Listen(t.Context(), metrics.New("a", "v"), first.Addr())
	if err == nil || !strings.Contains(err.Error(), first.Addr()) || !strings.Contains(err.Error(), "ROLLCALL_METRICS_ADDR") {
		t.Errorf("a busy port: %v", err)
	}
	if err := first.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// servedByFleet gives what rollcall serve exports.
func servedByFleet(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	queue := metrics.NewQueue(func(context.Context) ([]model.QueueFigures, error) {
		return []model.QueueFigures{{AccountID: "a", Age: 1.5, Due: 2}}, nil
	}, slog.New(slog.DiscardHandler))
	w := metrics.NewWebhooks("v1", []string{"unknown"}, []string{"unsigned"}, queue)
	rec := httptest.NewRecorder()
	w.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if !strings.Contains(rec.Body.String(), `rollcall_queue_age_seconds{account_id="a"} 1.5`) {
		t.Error(rec.Body.String())
	}
	parser := expfmt.NewTextParser(prommodel.UTF8Validation)
	families, err := parser.TextToMetricFamilies(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	for name := range families {
		if !strings.HasPrefix(name, "rollcall_") {
			delete(families, name)
		}
	}
	return families
}
