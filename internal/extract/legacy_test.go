package extract

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// legacy gives a client of the older v2 API.
func legacy(t *testing.T, data *simulator.Data) rig {
	t.Helper()
	sim := simulator.New(data, simulator.Options{Token: token})
	client, log := newClient(t, "http://localhost:1/v2", func(c *Config) {
		c.Scheme, c.AccountID = SchemeBasic, data.Apps[0].ID
	})
	client.http.Transport = inProcess{sim}
	return rig{client, sim, log, data}
}

// The older API has the same paths without account and app, and Basic
// authentication by the organization's id and key.
func TestOlderAPIIsReadAlike(t *testing.T) {
	t.Parallel()
	r := legacy(t, bulk(23))
	var apps []model.App
	pass, err := r.Apps(t.Context(), func(p model.AppPage) error { apps = append(apps, p.Apps...); return nil })
	if err != nil || !pass.Sound() || len(apps) != 1 || apps[0].ID != r.data.Apps[0].ID {
		t.Fatalf("apps %+v, %+v, %v", apps, pass, err)
	}
	sessions := 0
	_, err = r.Sessions(t.Context(), apps[0].ID, time.Time{}, time.Time{}, func(p model.SessionPage) error { sessions += len(p.Sessions); return nil })
	if err != nil || sessions != 1 {
		t.Errorf("%d sessions, %v", sessions, err)
	}
	got, err := r.participants(t.Context())
	if err != nil || !slices.Equal(got.ids(), r.truth()) {
		t.Errorf("%d participants, %v", len(got.participants), err)
	}
	id, err := model.ParseUUID(r.data.Apps[0].Sessions[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := r.Session(t.Context(), apps[0].ID, id); err != nil || s.ID != id {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestOlderAPIRefusesAWrongKey(t *testing.T) {
	t.Parallel()
	r := legacy(t, bulk(1))
	r.cfg.Token = secret.New("another-key")
	if _, err := r.participants(t.Context()); !errors.Is(err, model.ErrRefused) || strings.Contains(err.Error(), "another-key") {
		t.Errorf("%v", err)
	}
	if _, err := New(Config{
		BaseURL: "https://example.com/v2", AccountID: "a", Token: secret.New("t"), Scheme: "digest", PerPage: 1, MaxBody: 1, Timeout: 1,
		Budget: r.cfg.Budget, Logger: r.cfg.Logger,
	}); !errors.Is(err, model.ErrUsage) {
		t.Errorf("an unknown scheme gave %v", err)
	}
}
