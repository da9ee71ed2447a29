package erasure

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// What no session leads to any more is looked up by statements of their own, and deleted by its
// keys: a table that every node of a cluster holds, or that the coordinator has alone, is not
// changed by a statement that reads sessions, which are spread.

// rest is one transaction of retainRest.
type rest struct {
	tx        pgx.Tx
	accountID string
	apps      []string // of the account
	before    time.Time
	counts    *RetentionCounts
}

// retainRest deletes what no session leads to any more: meetings without
// sessions and who was enrolled in them, states of sessions that could never be
// stored, rejected records not seen since, and what you noted of that time: the
// reason of an excuse and the title of a lesson may tell of a person.
func retainRest(ctx context.Context, tx pgx.Tx, accountID string, before time.Time, c *RetentionCounts) error {
	if _, err := tx.Exec(ctx, warehouse.OneByOneSQL); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT app_id FROM realtimekit.apps WHERE account_id = $1`, accountID)
	if err != nil {
		return err
	}
	apps, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	r := &rest{tx, accountID, apps, before, c}
	for _, do := range []func(context.Context) error{r.meetings, r.enrolments, r.recordings, r.others} {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return nil
}

const emptyMeetingsSQL = `WITH led AS MATERIALIZED (
		SELECT DISTINCT app_id, meeting_id FROM realtimekit.sessions WHERE meeting_id IS NOT NULL
	), known AS (
		SELECT app_id, meeting_id FROM realtimekit.meetings UNION SELECT app_id, meeting_id FROM sync.meeting_states
	)
	SELECT k.app_id, k.meeting_id FROM known AS k LEFT JOIN led AS l ON l.app_id = k.app_id AND l.meeting_id = k.meeting_id
	WHERE k.app_id = ANY ($1) AND l.meeting_id IS NULL`

// meetings deletes those without a session, and who was enrolled in them.
func (r *rest) meetings(ctx context.Context) error {
	apps, meetings, err := r.pairs(ctx, emptyMeetingsSQL, r.apps)
	if err != nil || len(apps) == 0 {
		return err
	}
	const these = ` WHERE (app_id, meeting_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`
	return deleteAll(ctx, r.tx, []any{apps, meetings}, []step{
		{`DELETE FROM realtimekit.meeting_participants` + these, &r.counts.MeetingParticipants},
		{`DELETE FROM sync.meeting_states` + these, &r.counts.States},
		{`DELETE FROM realtimekit.meetings` + these, &r.counts.Meetings},
	})
}

// enrolments deletes those that the vendor listed last before the horizon.
func (r *rest) enrolments(ctx context.Context) error {
	apps, meetings, err := r.pairs(ctx, `DELETE FROM realtimekit.meeting_participants WHERE app_id = ANY ($1) AND removed_at < $2 RETURNING app_id, meeting_id`, r.apps, r.before)
	if err != nil || len(apps) == 0 {
		return err
	}
	r.counts.MeetingParticipants += len(apps)
	_, err = r.tx.Exec(ctx, fewerPeopleSQL, apps, meetings, slices.Repeat([]int64{1}, len(apps)))
	return err
}

// pairs gives the rows of two texts.
func (r *rest) pairs(ctx context.Context, sql string, args ...any) (firsts, seconds []string, err error) {
	rows, err := r.tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, nil, err
	}
	var first, second string
	_, err = pgx.ForEachRow(rows, []any{&first, &second}, func() error {
		firsts, seconds = append(firsts, first), append(seconds, second)
		return nil
	})
	return firsts, seconds, err
}

// recordings deletes those that no stored session leads to, and that ended before the horizon.
func (r *rest) recordings(ctx context.Context) error {
	rows, err := r.tx.Query(ctx, `SELECT app_id, recording_id, session_id FROM realtimekit.recordings
		WHERE app_id = ANY ($1) AND greatest(invoked_at, started_at, stopped_at) < $2`, r.apps, r.before)
	if err != nil {
		return err
	}
	type recording struct {
		App, ID string
		Session pgtype.UUID
	}
	old, err := pgx.CollectRows(rows, pgx.RowToStructByPos[recording])
	if err != nil {
		return err
	}
	var sessions []pgtype.UUID
	for _, o := range old {
		sessions = append(sessions, o.Session)
	}
	if rows, err = r.tx.Query(ctx, `SELECT session_id FROM realtimekit.sessions WHERE session_id = ANY ($1)`, sessions); err != nil {
		return err
	}
	there := make(map[pgtype.UUID]bool)
	var id pgtype.UUID
	if _, err := pgx.ForEachRow(rows, []any{&id}, func() error { there[id] = true; return nil }); err != nil {
		return err
	}
	var apps, ids []string
	for _, o := range old {
		if !there[o.Session] {
			apps, ids = append(apps, o.App), append(ids, o.ID)
		}
	}
	const these = `(app_id, recording_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`
	return deleteAll(ctx, r.tx, []any{apps, ids}, []step{
		{keepRecordingsSQL(`usage_kind <> 'livestream' AND ` + these), new(int)},
		{`DELETE FROM realtimekit.recordings WHERE ` + these, &r.counts.Recordings},
	})
}

func (r *rest) others(ctx context.Context) error {
	if err := deleteAll(ctx, r.tx, []any{r.apps, r.before}, []step{
		{`UPDATE sync.endpoint_states SET stored_rows = NULL WHERE endpoint = 'recordings' AND app_id = ANY ($1) AND $2::timestamptz IS NOT NULL`, new(int)},
		{`DELETE FROM sync.session_states AS t WHERE app_id = ANY ($1) AND created_at < $2::timestamptz - interval '1 day'
			AND NOT EXISTS (SELECT 1 FROM realtimekit.sessions AS s WHERE s.session_id = t.session_id)`, &r.counts.States},
		{`DELETE FROM analytics.excuses WHERE app_id = ANY ($1) AND ends_at < $2`, &r.counts.Excuses},
		{`DELETE FROM analytics.timetable WHERE app_id = ANY ($1) AND ends_at < $2`, &r.counts.Lessons},
	}); err != nil {
		return err
	}
	rows, err := r.tx.Query(ctx, `SELECT app_id FROM realtimekit.apps`)
	if err != nil {
		return err
	}
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	// Where the app itself was rejected, the account is that of the run (warehouse.RejectAccount).
	return deleteAll(ctx, r.tx, []any{r.accountID, r.before, r.apps, known}, []step{{`DELETE FROM sync.rejected_records AS t
		WHERE last_seen_at < $2 AND (app_id = ANY ($3) OR coalesce(NOT app_id = ANY ($4), true)
			AND EXISTS (SELECT 1 FROM sync.runs AS r WHERE r.run_id = t.run_id AND r.account_id = $1))`, &r.counts.RejectedRecords}})
}

// retainLedger deletes what the ledger says of sessions that are gone, and runs
// of which nothing is left. It waits for nobody: runs under way are left alone.
func retainLedger(ctx context.Context, tx pgx.Tx, accountID string, before time.Time, c *RetentionCounts) error {
	var ledger int
	return deleteAll(ctx, tx, []any{accountID, before}, []step{
		{`WITH there AS MATERIALIZED (SELECT session_id FROM realtimekit.sessions)
			DELETE FROM sync.run_sessions AS t USING sync.runs AS r
			WHERE r.run_id = t.run_id AND r.account_id = $1 AND r.finished_at < $2
			AND NOT EXISTS (SELECT 1 FROM there WHERE there.session_id = t.session_id)`, &ledger},
		{`DELETE FROM sync.runs AS t WHERE account_id = $1 AND finished_at < $2
			AND NOT EXISTS (SELECT 1 FROM sync.run_sessions AS r WHERE r.run_id = t.run_id)`, &c.Runs},
	})
}
