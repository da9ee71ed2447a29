package extract

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// Over real HTTP, with eight requests in flight and somebody else spending: the
// server that would block for ten seconds never has to.
func TestBudgetHoldsOverHTTP(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("lasts for a window of eight seconds")
	}
	data := bulk(1)
	sim := simulator.New(data, simulator.Options{
		Token: token, Quota: simulator.Quota{Calls: 40, Window: 8 * time.Second, Block: 10 * time.Second},
	})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	client, _ := newClient(t, server.URL+"/client/v4", func(c *Config) {
		c.Budget = NewBudget(BudgetConfig{PerSecond: 1000, QuotaShare: 0.2, MaxWait: time.Minute})
	})
	id, err := model.ParseUUID(data.Apps[0].Sessions[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	const others = 4
	var asked sync.Once
	began := time.Now()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for time.Since(began) < 7*time.Second {
				if _, err := client.Session(t.Context(), data.Apps[0].ID, id); err != nil {
					t.Error(err)
					return
				}
				asked.Do(func() { sim.Spend(others) })
			}
		})
	}
	group.Wait()
	stats := sim.Stats()
	if stats.RefusedByQuota > 0 {
		t.Errorf("%d requests were refused", stats.RefusedByQuota)
	}
	took := time.Since(began).Seconds()
	may := 32 * took / 8 // in as much of the window as has passed
	if spent := float64(stats.Requests); spent < 0.8*(may-others) || spent > may+10 {
		t.Errorf("%.0f requests in %.1f s, of %.0f that there may be", spent, took, may)
	}
}

// The token must reach neither another host nor another port of the same host.
func TestTokenDoesNotFollowRedirects(t *testing.T) {
	t.Parallel()
	var reached sync.Map
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		reached.Store(r.URL.Path, r.Header.Get("Authorization"))
	}))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(other.URL+"/elsewhere", status))
		t.Cleanup(server.Close)
		client, log := newClient(t, server.URL)
		_, err := client.Apps(t.Context(), func(model.AppPage) error { return nil })
		if err == nil || !strings.Contains(err.Error(), "redirects are not followed") || strings.Contains(err.Error()+log.String(), token) {
			t.Errorf("%d: %v", status, err)
		}
	}
	reached.Range(func(path, header any) bool {
		t.Errorf("%v was asked for with %v", path, header)
		return true
	})
}

func TestUnusableTokenIsRefusedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	cfg := Config{
		BaseURL: "https://api.example/client/v4", AccountID: "a", PerPage: 1, MaxBody: 1, Timeout: 1,
		Budget: NewBudget(BudgetConfig{PerSecond: 1}),
	}
	for _, bad := range []string{"", " ", "abc\n", "\"a b\"", "a\x00b", "ключ", "a\x7f"} {
		cfg.Token, cfg.Logger = secret.New(bad), slog.New(slog.DiscardHandler)
		if client, err := New(cfg); err == nil {
			t.Errorf("%q was accepted: %v", bad, client != nil)
		} else if bad != "" && bad != " " && strings.Contains(err.Error(), bad) {
			t.Errorf("%q stands in %q", bad, err)
		}
	}
}
