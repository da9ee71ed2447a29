package load

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// mirrorSQL asks whether a session's row is as it was read, and whether as many participants
// and events are stored, none of them marked as removed.
const mirrorSQL = `SELECT (app_id, meeting_id, meeting_title, session_type, status, live_participants, max_concurrent_participants, minutes_consumed,
		started_at, ended_at, created_at, updated_at, extra, repairs)
	IS NOT DISTINCT FROM ($2::text, $3::text, $4::text, $5::text, $6::text, $7::bigint, $8::bigint, $9::double precision,
		$10::timestamptz, $11::timestamptz, $12::timestamptz, $13::timestamptz, $14::jsonb, $15::jsonb)
	AND (SELECT count(*) = $16 AND count(removed_at) = 0 FROM realtimekit.participants WHERE session_id = $1)
	AND (SELECT count(*) = $17 FROM realtimekit.peer_events WHERE session_id = $1)
	FROM realtimekit.sessions WHERE session_id = $1`

// mirror finds out whether something changed and the rows in memory are all that is
// stored of the session by now: those that differed were all written, and there are no others.
func (l *sessionLoad) mirror(ctx context.Context, tx pgx.Tx) error {
	held, p, e := l.intake.held, l.counts.participants, l.counts.events
	if l.stale || l.reading.Recount || !l.isDerived() || len(l.intake.people) > 0 ||
		p.Inserted+p.Updated+e.Inserted+e.Updated != held.participants.left+held.events.left {
		return nil
	}
	args := append([]any{warehouse.UUID(l.session.ID)}, l.columns()...)
	batch := &pgx.Batch{}
	// A plan that was made while the tables were small must not read them from end to end.
	batch.Queue(`SET LOCAL enable_seqscan = off`)
	batch.Queue(mirrorSQL, append(args, held.participants.len(), held.events.len())...).QueryRow(func(row pgx.Row) error { return row.Scan(&l.mirrored) })
	return tx.SendBatch(ctx, batch).Close()
}

// forget deletes what was derived of the session before, and notes who is not there any
// more, or under other ids, but was counted.
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
	batch.Queue(`DELETE FROM analytics.presences WHERE session_id = $1`, id)
	batch.Queue(`DELETE FROM analytics.session_people WHERE session_id = $1`, id)
	batch.Queue(`DELETE FROM analytics.session_person_days WHERE session_id = $1`, id)
	batch.Queue(`DELETE FROM analytics.session_figures WHERE session_id = $1`, id)
	return tx.SendBatch(ctx, batch).Close()
}
