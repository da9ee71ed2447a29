package load

import "context"

// What is erased on purpose is not missing (missing_rows.sql): the numbers of rows
// that were stored follow. Before and after, the rows that are there are counted, so
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

// keepingCount erases rows and keeps their numbers right.
func (w *erasure) keepingCount(ctx context.Context, erase func() error) error {
	count := func(sign int) error {
		sessions, _ := w.keys()
		if _, err := w.tx.Exec(ctx, countRowsSQL, sessions, sign); err != nil {
			return err
		}
		var apps, meetings []string
		for _, home := range w.homes {
			apps, meetings = append(apps, home.appID), append(meetings, home.meetingID)
		}
		_, err := w.tx.Exec(ctx, countPeopleSQL, apps, meetings, sign)
		return err
	}
	if err := count(-1); err != nil {
		return err
	}
	if err := erase(); err != nil {
		return err
	}
	return count(+1)
}
