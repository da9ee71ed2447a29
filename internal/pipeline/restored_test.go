package pipeline_test

import (
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// notRestored are tables whose rows a restore may lack, and nothing refuse to be made
// for; the first time it has all.
var notRestored = []string{"", "analytics.usage_days", "realtimekit.peer_events", "sync.session_states", "realtimekit.daily_stats", "sync.app_states"}

// moveHouse goes on in a copy of the warehouse that pg_dump and pg_restore made, as
// after the loss of a server; the rows of a table that is named are not in it.
func (r *rig) moveHouse(lacking string) {
	r.t.Helper()
	var without []string
	if lacking != "" {
		without = []string{"--exclude-table-data=" + naming.Real(lacking)}
	}
	copied, ok := pgtest.Restored(r.t, r.database.Reveal(), without...)
	if !ok {
		r.t.Log("the server came without pg_dump and pg_restore: the warehouse stays where it is")
		return
	}
	r.database = secret.New(copied)
	r.pool.Close()
	r.connect()
}
