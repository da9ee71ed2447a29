package erasure

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Rows that are erased on purpose are not missing (missing_rows.sql): the numbers of
// stored rows follow. Before and after, the rows that are there are counted, so
// that rows which were lost stay lost.
const (
	countRowsSQL = `UPDATE sync.session_states AS t
		SET stored_participants = t.stored_participants + $2::int * (SELECT count(*) FROM realtimekit.participants AS p WHERE p.session_id = t.session_id),
		    stored_events = t.stored_events + $2 * (SELECT count(*) FROM realtimekit.peer_events AS e WHERE e.session_id = t.session_id)
		WHERE t.session_id = ANY ($1::uuid[])`
	// Counted apart, since Citus may have one of the two tables and not the other.
	peopleSQL = `SELECT k.app_id, k.meeting_id, count(p.meeting_id)
		FROM (SELECT DISTINCT app_id, meeting_id FROM unnest($1::text[], $2::text[]) AS k (app_id, meeting_id)) AS k
		LEFT JOIN realtimekit.meeting_participants AS p ON p.app_id = k.app_id AND p.meeting_id = k.meeting_id
		GROUP BY 1, 2`
	fewerPeopleSQL = `UPDATE sync.meeting_states AS t SET stored_people = t.stored_people - k.people
		FROM (SELECT app_id, meeting_id, sum(people) AS people FROM unnest($1::text[], $2::text[], $3::bigint[]) AS k (app_id, meeting_id, people) GROUP BY 1, 2) AS k
		WHERE t.app_id = k.app_id AND t.meeting_id = k.meeting_id AND k.people <> 0`
)

// keepingRows calls erase, which changes participants and events, and takes what it deleted
// off the numbers of stored rows.
func (w *erasure) keepingRows(ctx context.Context, erase func(context.Context) error) error {
	sessions, _ := w.keys()
	if _, err := w.tx.Exec(ctx, countRowsSQL, sessions, -1); err != nil {
		return err
	}
	if err := erase(ctx); err != nil {
		return err
	}
	_, err := w.tx.Exec(ctx, countRowsSQL, sessions, +1)
	return err
}

// keepingPeople calls erase, which changes who is enrolled, and takes what it deleted off the
// numbers of stored people.
func (w *erasure) keepingPeople(ctx context.Context, erase func(context.Context) error) error {
	before, err := w.enrolledIn(ctx)
	if err != nil {
		return err
	}
	if err := erase(ctx); err != nil {
		return err
	}
	after, err := w.enrolledIn(ctx)
	if err != nil {
		return err
	}
	var apps, meetings []string
	var fewer []int64
	for home, people := range before {
		apps, meetings, fewer = append(apps, home.appID), append(meetings, home.meetingID), append(fewer, people-after[home])
	}
	_, err = w.tx.Exec(ctx, fewerPeopleSQL, apps, meetings, fewer)
	return err
}

// enrolledIn counts who is enrolled in the meetings.
func (w *erasure) enrolledIn(ctx context.Context) (map[meetingKey]int64, error) {
	var apps, meetings []string
	for _, home := range w.homes {
		apps, meetings = append(apps, home.appID), append(meetings, home.meetingID)
	}
	rows, err := w.tx.Query(ctx, peopleSQL, apps, meetings)
	if err != nil {
		return nil, err
	}
	counts := make(map[meetingKey]int64)
	var home meetingKey
	var people int64
	_, err = pgx.ForEachRow(rows, []any{&home.appID, &home.meetingID, &people}, func() error {
		counts[home] = people
		return nil
	})
	return counts, err
}
