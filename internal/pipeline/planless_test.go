package pipeline_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// node is one of what EXPLAIN (ANALYZE, FORMAT JSON) gives.
type node struct {
	Rows   float64 `json:"Actual Rows"`
	Left   float64 `json:"Rows Removed by Filter"`
	Joined float64 `json:"Rows Removed by Join Filter"`
	Loops  float64 `json:"Actual Loops"`
	Plans  []node
}

// handled sums up the rows that went through a plan, as often as they did.
func (n *node) handled() float64 {
	rows := (n.Rows + n.Left + n.Joined) * max(n.Loops, 1)
	for i := range n.Plans {
		rows += n.Plans[i].handled()
	}
	return rows
}

// A large session that was just stored, of which the planner knows nothing yet: the
// usage by day does not go through all events for each participant.
func TestLargeSessionWithoutStatistics(t *testing.T) {
	t.Parallel()
	const people = 4000
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: people, EventsPerParticipant: 3}, 61, at)
	for _, p := range data.Apps[0].Sessions[0].Participants {
		p.Extra = simulator.Extra{"client": json.RawMessage(`{"browser":"Firefox 133.0 on Linux x86_64","screen":"1920x1080","network":"wifi"}`)}
	}
	r := newRig(t, data)
	r.extract.PerPage = 1000
	for _, table := range []string{"sessions", "participants", "peer_events"} {
		r.exec(`ALTER TABLE realtimekit.` + table + ` SET (autovacuum_enabled = off)`)
	}
	r.must(allHistory, model.RunSucceeded)
	conn, err := r.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for setting := range strings.SplitSeq(r.text(`SELECT array_to_string(proconfig, E'\n') FROM pg_proc WHERE oid = 'analytics.refresh'::regproc`), "\n") {
		name, value, _ := strings.Cut(setting, "=")
		if _, err := conn.Exec(t.Context(), `SELECT set_config($1, $2, false)`, name, value); err != nil {
			t.Fatal(err)
		}
	}
	var text string
	if err := conn.QueryRow(t.Context(), `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)
		SELECT i.session_id, s.app_id, i.joined_at FROM realtimekit.sessions AS s
		JOIN analytics.participant_intervals AS i ON i.session_id = s.session_id
		WHERE s.session_id = ANY ('{`+data.Apps[0].Sessions[0].ID+`}'::uuid[])`).Scan(&text); err != nil {
		t.Fatal(err)
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal([]byte(text), &plans); err != nil {
		t.Fatal(err)
	}
	if n := plans[0].Plan.handled(); plans[0].Plan.Rows < people || n > 200*people {
		t.Errorf("%.0f rows went through the plan for %.0f presences of %d participants", n, plans[0].Plan.Rows, people)
	}
}
