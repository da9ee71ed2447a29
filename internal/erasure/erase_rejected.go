package erasure

import (
	"context"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
)

// rejected removes the records of the person that could not be stored, and masks
// what others say of them.
func (w *erasure) rejected(ctx context.Context) error {
	var gone, changed []int64
	var without []pgtype.UUID // sessions that lose a participant
	var reasons, raws []string
	words := privacy.NewWords(w.plain)
	rows, err := w.tx.Query(ctx, `SELECT rejected_id, entity, coalesce(app_id, ''), session_id, record_key, reason, raw_text, resolved_at IS NULL
		FROM sync.rejected_records WHERE $1 = '' OR app_id = $1 FOR UPDATE`, w.AppID)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var r model.Rejected
		var session pgtype.UUID
		var open bool
		if err := rows.Scan(&id, &r.Entity, &r.AppID, &session, &r.Key, &r.Reason, &r.Raw, &open); err != nil {
			return err
		}
		r.SessionID = session.Bytes
		before := r
		kept := w.filter.Rejected([]model.Rejected{r})
		if len(kept) == 0 || privacy.IsOfPerson(r.Entity) && words.AreOf(&before) {
			gone = append(gone, id)
			if open && r.Entity == model.EntityParticipant {
				without = append(without, session)
			}
			continue
		}
		reason, _ := words.Mask(kept[0].Reason)
		raw, _ := words.MaskJSON(kept[0].Raw)
		if reason != before.Reason || raw != before.Raw {
			changed, reasons, raws = append(changed, id), append(reasons, reason), append(raws, raw)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	w.counts.RejectedRecords, w.counts.MaskedTexts = len(gone), w.counts.MaskedTexts+len(changed)
	if _, err := w.tx.Exec(ctx, `DELETE FROM sync.rejected_records WHERE rejected_id = ANY ($1)`, gone); err != nil {
		return err
	}
	if _, err := w.tx.Exec(ctx, `UPDATE sync.session_states AS s SET erased_participants = s.erased_participants + n.participants
		FROM (SELECT session_id, count(*) AS participants FROM unnest($1::uuid[]) AS u (session_id) GROUP BY 1) AS n
		WHERE s.session_id = n.session_id`, without); err != nil {
		return err
	}
	_, err = w.tx.Exec(ctx, `UPDATE sync.rejected_records AS t SET reason = k.reason, raw_text = k.raw
		FROM unnest($1::bigint[], $2::text[], $3::text[]) AS k (id, reason, raw) WHERE t.rejected_id = k.id`, changed, reasons, raws)
	return err
}
