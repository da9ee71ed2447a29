package erasure

import "context"

// Rows that are erased on purpose are not missing (missing_rows.sql): the numbers of
// stored rows follow. Before and after, the rows that are there are counted, so
// that rows which were lost stay lost.
const (
	countRowsSQL = `UPDATE sync.session_states AS t
		SET stored_participants = t.stored_participants + $2::int * (SELECT count(*) FROM realtimekit.participants AS p WHERE p.session_id = t.session_id),
		    stored_events = t.stored_events + $2 * (SELECT count(*) FROM realtimekit.peer_events AS e WHERE e.session_id = t.session_id)
		WHERE t.session_id = ANY ($1::uuid[])`
	countPeopleSQL = `UPDATE sync.meeting_states AS t
		SET stored_people = t.stored_people + $3::int * (
			SELECT count(*) FROM realtimekit.meeting_participants AS p WHERE p.app_id = t.app_id AND p.meeting_id = t.meeting_id)
		WHERE (t.app_id, t.meeting_id) IN (SELECT app_id, meeting_id FROM unnest($1::text[], $2::text[]) AS k (app_id, meeting_id))`
)

// keepingRows erases participants and events, and keepingPeople who is enrolled.
func (w *erasure) keepingRows(ctx context.Context, erase func(context.Context) error) error {
	sessions, _ := w.keys()
	return w.keeping(ctx, erase, countRowsSQL, sessions)
}

func (w *erasure) keepingPeople(ctx context.Context, erase func(context.Context) error) error {
	var apps, meetings []string
	for _, home := range w.homes {
		apps, meetings = append(apps, home.appID), append(meetings, home.meetingID)
	}
	return w.keeping(ctx, erase, countPeopleSQL, apps, meetings)
}

// keeping erases, and counts before and after by a statement whose last argument is
// the sign.
func (w *erasure) keeping(ctx context.Context, erase func(context.Context) error, count string, of ...any) error {
	if _, err := w.tx.Exec(ctx, count, append(of, -1)...); err != nil {
		return err
	}
	if err := erase(ctx); err != nil {
		return err
	}
	_, err := w.tx.Exec(ctx, count, append(of, +1)...)
	return err
}
