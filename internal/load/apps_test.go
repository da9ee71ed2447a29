package load_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/testbed"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Apps that are as they were take no lock that a write needs: on a cluster it is one on every
// node.
func TestUnchangedAppsAreNotWritten(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	apps := []model.App{{ID: "a", AccountID: "acc", Name: "A", CreatedAt: testbed.T0}, {ID: "b", AccountID: "acc"}}
	if err := b.Store.SaveApps(t.Context(), b.Run, apps); err != nil {
		t.Fatal(err)
	}
	other, err := b.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Rollback(context.WithoutCancel(t.Context())) }()
	pgtest.Exec(t, other, `LOCK TABLE realtimekit.apps IN SHARE MODE`)
	hurried := load.New(warehouse.New(pgtest.Open(t, b.Pool.Config().ConnString()+"&lock_timeout=50ms", 2), slog.New(slog.DiscardHandler)))
	if err := hurried.SaveApps(t.Context(), b.Run, apps); err != nil {
		t.Errorf("unchanged: %v", err)
	}
	apps[1].Name = "B"
	if err := hurried.SaveApps(t.Context(), b.Run, apps); err == nil {
		t.Error("a new name was not written")
	}
	if err := other.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := hurried.SaveApps(t.Context(), b.Run, apps); err != nil || b.Text(`SELECT string_agg(name, ' ' ORDER BY app_id) FROM realtimekit.apps`) != "A B" {
		t.Errorf("a new name: %v", err)
	}
}
