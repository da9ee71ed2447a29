package oracle

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// DiffComplete says how what the books call complete differs from what the API
// holds: of the sessions whose stored record is the API's, since one that changed
// meanwhile is to be read again. Rows that are marked as removed, and their events,
// may stay.
func DiffComplete(ctx context.Context, pool *pgxpool.Pool, sim *simulator.Server) (string, error) {
	stored, err := read(ctx, pool)
	if err != nil {
		return "", fmt.Errorf("read the warehouse: %w", err)
	}
	rows, err := pool.Query(ctx, `SELECT session_id::text FROM sync.session_states WHERE complete_at IS NOT NULL`)
	if err != nil {
		return "", fmt.Errorf("read what is complete: %w", err)
	}
	complete, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("read what is complete: %w", err)
	}
	current := make(map[string]bool)
	for _, s := range truth(sim, nil).Sessions {
		held := slices.DeleteFunc(slices.Clone(stored.Sessions), func(held sessionRow) bool { return held.ID != s.ID })
		current[s.ID] = slices.Contains(complete, s.ID) && diff(warehouse{Sessions: []sessionRow{s}}, warehouse{Sessions: held}) == ""
	}
	removed := map[string]bool{}
	stored.Sessions = slices.DeleteFunc(stored.Sessions, func(s sessionRow) bool { return !current[s.ID] })
	stored.Participants = slices.DeleteFunc(stored.Participants, func(p participantRow) bool {
		removed[p.Session+p.ID] = p.Removed
		return p.Removed || !current[p.Session]
	})
	stored.Events = slices.DeleteFunc(stored.Events, func(e eventRow) bool { return removed[e.Session+e.Participant] || !current[e.Session] })
	return diff(truth(sim, func(s *simulator.Session) bool { return current[s.ID] }), stored), nil
}
