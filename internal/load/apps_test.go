package load_test

import (
	"context"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/testbed"
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
	if err := b.Store.SaveApps(t.Context(), b.Run, apps); err != nil { // or waits in vain
		t.Errorf("unchanged: %v", err)
	}
	if err := other.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	apps[1].Name = "B"
	if err := b.Store.SaveApps(t.Context(), b.Run, apps); err != nil || b.Text(`SELECT string_agg(name, ' ' ORDER BY app_id) FROM realtimekit.apps`) != "A B" {
		t.Errorf("a new name: %v", err)
	}
}
