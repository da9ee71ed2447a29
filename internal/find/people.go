package find

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

const knownPersonSQL = `SELECT EXISTS (SELECT 1 FROM realtimekit.participants WHERE custom_participant_id = $1)
	OR EXISTS (SELECT 1 FROM realtimekit.meeting_participants WHERE custom_participant_id = $1)`

// Person gives the person_id that is meant by an id: the id itself, to the letter. A UUID
// that nobody has in these letters is an id of the vendor's, which are stored in lower case.
func Person(ctx context.Context, pool *pgxpool.Pool, id string) (string, error) {
	folded := model.FoldID(id)
	if folded == id {
		return id, nil
	}
	var known bool
	err := pool.QueryRow(ctx, knownPersonSQL, id).Scan(&known)
	if known {
		folded = id
	}
	return folded, postgres.Failed("look for the person", err)
}
