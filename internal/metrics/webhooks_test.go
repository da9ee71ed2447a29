package metrics_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/rollcall-etl/rollcall/internal/metrics"
)

func TestWebhooks(t *testing.T) {
	t.Parallel()
	w := metrics.NewWebhooks("v1", []string{"meeting.ended", "unknown"}, []string{"accepted", "unsigned"})
	w.Delivery("meeting.ended", "accepted", 7*time.Millisecond)
	rec := httptest.NewRecorder()
	w.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	body := rec.Body.String()
	for _, want := range []string{
		`rollcall_webhooks_total{event="meeting.ended",outcome="accepted"} 1`,
		`rollcall_webhooks_total{event="unknown",outcome="unsigned"} 0`,
		`rollcall_webhook_seconds_bucket{le="0.01"} 1`, `rollcall_build_info{`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil || len(problems) > 0 {
		t.Error(err, problems)
	}
}
