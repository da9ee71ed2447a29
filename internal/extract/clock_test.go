package extract

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// The Date of an answer is compared with this machine's clock, also after that was
// put right.
func TestClockSkew(t *testing.T) {
	t.Parallel()
	wrong := -72 * time.Hour
	sim := simulator.New(bulk(1), simulator.Options{Token: token})
	server := httptest.NewServer(sim)
	defer server.Close()
	client, _ := newClient(t, server.URL+"/client/v4", func(c *Config) { c.Now = func() time.Time { return time.Now().Add(wrong) } })
	if _, ok := client.ClockSkew(); ok {
		t.Error("the clock is known before an answer")
	}
	near := func(want time.Duration) {
		t.Helper()
		if got, ok := client.ClockSkew(); !ok || (got-want).Abs() > time.Minute {
			t.Errorf("the API is %s ahead, want %s", got, want)
		}
	}
	ask := func() {
		t.Helper()
		if _, err := client.Apps(t.Context(), func(model.AppPage) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	near(72 * time.Hour)
	sim.SetDate(24 * time.Hour)
	ask()
	near(96 * time.Hour)
}

// Date asks without the token, and takes any answer that tells the time.
func TestDate(t *testing.T) {
	t.Parallel()
	var asked http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header
		w.Header().Set("Date", "Fri, 31 Dec 2027 10:00:00 GMT")
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	at, err := Date(t.Context(), server.URL+"/client/v4", time.Minute)
	if err != nil || at.UTC().Format(time.DateTime) != "2027-12-31 10:00:00" || asked.Get("Authorization") != "" {
		t.Errorf("it is %s, asked with %v: %v", at, asked, err)
	}
	if _, err := Date(t.Context(), "http://127.0.0.1:1/client/v4", time.Minute); err == nil {
		t.Error("nobody answered, and no error")
	}
}

// An API that lists an app in capitals may not know it in others: it is known here in
// small letters, and asked for as it was listed.
func TestAppListedInOtherLetters(t *testing.T) {
	t.Parallel()
	data := bulk(1)
	small := data.Apps[0].ID
	data.Apps[0].ID = strings.ToUpper(small)
	for _, s := range data.Apps[0].Sessions {
		s.AppID = data.Apps[0].ID
	}
	r := newRig(t, data, simulator.Options{})
	var apps []model.App
	if _, err := r.Apps(t.Context(), func(page model.AppPage) error { apps = append(apps, page.Apps...); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(apps) != 1 || apps[0].ID != small {
		t.Fatalf("listed: %v", apps)
	}
	pass, err := r.Sessions(t.Context(), small, time.Time{}, time.Time{}, func(page model.SessionPage) error {
		for i := range page.Sessions {
			if page.Sessions[i].AppID != small {
				t.Errorf("a session of app %s", page.Sessions[i].AppID)
			}
		}
		return nil
	})
	if err != nil || pass.Distinct != 1 {
		t.Errorf("%d sessions: %v", pass.Distinct, err)
	}
}
