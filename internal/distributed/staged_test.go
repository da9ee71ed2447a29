package distributed

import (
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// A session too large for memory goes through staging tables of the coordinator: what is read
// first, what changed, came and went since, and nothing where nothing did, are stored as on one
// server.
func TestALargeSessionIsStaged(t *testing.T) {
	t.Parallel()
	pgtest.ClusterURL(t)
	one := pgtest.Open(t, pgtest.New(t), 8)
	many, _ := distributed(t)
	const people, rows = 3000, 3000 * (1 + 7) // and the row of the session
	for _, step := range []struct {
		name              string
		change            func(*simulator.Session)
		inserted, updated int
	}{
		{"first", func(s *simulator.Session) { s.Participants = s.Participants[:people-20] }, rows - 20*8 + 1, 0},
		{"changed", someChange, 20 * 8, 60 + 60 + 10},
		{"the same", someChange, 0, 0},
	} {
		for _, pool := range []*pgxpool.Pool{one, many} {
			data := simulator.Generate(simulator.Size{Sessions: 1, Participants: people, EventsPerParticipant: 7}, 1, at)
			step.change(data.Apps[0].Sessions[0])
			p := testbed.Path(t, pool, simulator.New(data, simulator.Options{Token: testbed.Token, Now: now}), data.AccountID, now)
			if _, err := p.Run(t.Context(), pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(0, -1, 0), Full: true}); err != nil {
				t.Fatal(err)
			}
			if n := pgtest.Number(t, pool, `SELECT count(*) FROM pg_class WHERE relname = 'staged_peer_events'`); n == 0 {
				t.Errorf("%s: nothing was staged", step.name)
			}
			got := [2]int{
				pgtest.Number(t, pool, `SELECT rows_inserted FROM sync.runs ORDER BY run_id DESC LIMIT 1`),
				pgtest.Number(t, pool, `SELECT rows_updated FROM sync.runs ORDER BY run_id DESC LIMIT 1`),
			}
			if want := [2]int{step.inserted, step.updated}; got != want {
				t.Errorf("%s: inserted and updated %v, want %v", step.name, got, want)
			}
			// When it was.
			pgtest.Exec(t, pool, `UPDATE realtimekit.participants SET removed_at = '2026-11-18' WHERE removed_at IS NOT NULL`)
		}
		sameTables(t, step.name, one, many)
	}
}

// someChange renames some people, moves some events, and has ten participants leave the list.
func someChange(s *simulator.Session) {
	for i := 10; i < len(s.Participants); i += 50 {
		p := s.Participants[i]
		p.DisplayName += " again"
		p.UpdatedAt = p.UpdatedAt.Add(time.Hour)
		p.Events[3].PresetViewType = "WEBINAR"
		p.Events[3].UpdatedAt = p.Events[3].UpdatedAt.Add(time.Hour)
	}
	s.Participants = slices.Clone(s.Participants[10:])
}
