package load

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// isMirror reports whether the rows in memory are exactly the rows that the tables hold of the
// session by now, and something changed. That is so where all rows that differed were
// written, the tables hold no others, and none is marked as removed.
func (l *sessionLoad) isMirror() bool {
	held, p, e, before := l.intake.held, l.counts.participants, l.counts.events, l.held
	return before.known && before.removed == 0 && len(l.gone) == 0 && (l.changed || l.before.same) &&
		!l.stale && !l.reading.Recount && l.mustDerive() && len(l.intake.people) == 0 &&
		p.Inserted+p.Updated+e.Inserted+e.Updated == held.participants.left+held.events.left &&
		before.participants+p.Inserted == held.participants.len() && before.events+e.Inserted == held.events.len()
}

// forget deletes what was derived of the session before. now are the people that are derived
// now: who was counted and is not among them, or has other ids, is noted to be counted anew.
func (l *sessionLoad) forget(ctx context.Context, tx pgx.Tx, now []derive.Person) error {
	id, batch := warehouse.UUID(l.session.ID), &pgx.Batch{}
	there := make(map[string]*derive.Person, len(now))
	for i := range now {
		there[now[i].ID] = &now[i]
	}
	rows, err := tx.Query(ctx, `SELECT person_id, custom_participant_id, custom_ids FROM analytics.session_people WHERE session_id = $1`, id)
	if err != nil {
		return err
	}
	var person string
	var own pgtype.Text
	var ids []string
	_, err = pgx.ForEachRow(rows, []any{&person, &own, &ids}, func() error {
		if p := there[person]; p == nil || p.CustomID != own.String || !slices.Equal(p.CustomIDs, ids) {
			batch.Queue(`INSERT INTO analytics.stale_people AS s (session_id, person_id, custom_ids) VALUES ($1, $2, coalesce($3::text[], ARRAY[$4::text]))
				ON CONFLICT (session_id, person_id) DO UPDATE SET custom_ids = s.custom_ids || excluded.custom_ids`, id, person, ids, own)
		}
		return nil
	})
	if err != nil {
		return err
	}
	batch.Queue(`DELETE FROM analytics.session_presences WHERE session_id = $1`, id)
	batch.Queue(`DELETE FROM analytics.session_people WHERE session_id = $1`, id)
	batch.Queue(`DELETE FROM analytics.session_person_days WHERE session_id = $1`, id)
	batch.Queue(`DELETE FROM analytics.session_figures WHERE session_id = $1`, id)
	return tx.SendBatch(ctx, batch).Close()
}
