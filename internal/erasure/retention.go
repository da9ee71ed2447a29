package erasure

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

//go:embed sql/expired_sessions.sql
var expiredSessionsSQL string

// retentionBatch is how many sessions one transaction of Retain deletes. Nobody
// can store a session meanwhile, so it must not take long.
const retentionBatch = 200

// RetentionCounts tells how many rows of each table Retain deleted.
type RetentionCounts struct {
	Sessions, Participants, PeerEvents, PeerReports int
	Meetings, MeetingParticipants                   int
	States                                          int // of sessions, meetings and peer reports
	RejectedRecords                                 int
	Recordings, Livestreams                         int
	Excuses, Lessons                                int // that you noted: lessons of the timetable
	Runs                                            int // of the ledger, those with nothing left
}

func (c *RetentionCounts) add(o RetentionCounts) {
	c.Sessions += o.Sessions
	c.Participants += o.Participants
	c.PeerEvents += o.PeerEvents
	c.PeerReports += o.PeerReports
	c.Meetings += o.Meetings
	c.MeetingParticipants += o.MeetingParticipants
	c.States += o.States
	c.RejectedRecords += o.RejectedRecords
	c.Recordings += o.Recordings
	c.Livestreams += o.Livestreams
	c.Excuses += o.Excuses
	c.Lessons += o.Lessons
	c.Runs += o.Runs
}

// Horizon gives before when sessions of an account that ended were deleted; zero
// where none were. One that lies in the future was noted by a clock that was ahead,
// and would keep every session out: it counts as none.
func (s *Store) Horizon(ctx context.Context, accountID string) (time.Time, error) {
	var at time.Time
	var future bool
	err := s.pool.QueryRow(ctx, `SELECT horizon, horizon > now() FROM sync.retention_horizons WHERE account_id = $1`, accountID).Scan(&at, &future)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, nil
	}
	if err == nil && future {
		s.logger.WarnContext(ctx, "the retention horizon lies in the future and counts for nothing", "horizon", at.UTC())
		return time.Time{}, nil
	}
	return at.UTC(), warehouse.Failed("read the retention horizon", err)
}

const saveHorizonSQL = `INSERT INTO sync.retention_horizons AS t (account_id, horizon, changed_at) VALUES ($1, $2, now())
	ON CONFLICT (account_id) DO UPDATE SET horizon = $2, changed_at = now() WHERE t.horizon < $2 OR t.horizon > now()`

// Retain deletes the sessions of an account that ended before a time, with all
// that belongs to them, and remembers the time, so that no later run reads them
// again. Batches are committed one by one: stopped, it goes on the next time.
// The time is saved with the first batch, or a run could read anew what was just
// deleted, and not where that fails; after a crash the sessions of later batches are
// there still, and are left out of readings as they will be in the end. A role that may not delete all this changes nothing.
// The usage by day stays, since it is of nobody in particular: the sessions' rows
// of analytics.session_dates stay too, marked as gone, by which the refresh knows
// not to count their days any more, but for days after the horizon that a session left
// open reaches. progress is told after each batch. With dryRun it only counts.
func (s *Store) Retain(ctx context.Context, accountID string, before time.Time, dryRun bool, progress func(RetentionCounts)) (RetentionCounts, error) {
	var counts RetentionCounts
	if dryRun {
		return s.countExpired(ctx, accountID, before)
	}
	if err := s.mayRetain(ctx); err != nil {
		return counts, err
	}
	// Days that are not computed yet must be before their sessions go.
	if err := s.db.AwaitChanges(ctx); err != nil {
		return counts, err
	}
	for {
		var batch RetentionCounts
		err := s.db.ChangePrivacy(ctx, func(tx pgx.Tx, _ *privacy.Filter) error {
			batch = RetentionCounts{}
			if _, err := tx.Exec(ctx, saveHorizonSQL, accountID, before); err != nil {
				return fmt.Errorf("save the retention horizon: %w", err)
			}
			return retain(ctx, tx, accountID, before, &batch)
		})
		if err != nil {
			return counts, warehouse.Failed("delete old sessions", err)
		}
		counts.add(batch)
		if batch.Sessions == 0 {
			break
		}
		progress(counts)
	}
	var rest RetentionCounts
	err := s.db.ChangePrivacy(ctx, func(tx pgx.Tx, _ *privacy.Filter) error {
		rest = RetentionCounts{}
		return retainRest(ctx, tx, accountID, before, &rest)
	})
	if err != nil {
		return counts, warehouse.Failed("delete what belonged to old sessions", err)
	}
	counts.add(rest)
	err = warehouse.Again(ctx, func(ctx context.Context) error {
		rest = RetentionCounts{}
		return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return retainLedger(ctx, tx, accountID, before, &rest) })
	})
	if err != nil {
		return counts, warehouse.Failed("delete old runs", err)
	}
	counts.add(rest)
	return counts, s.db.AwaitAnalytics(ctx) // what a run left to whoever held the lock
}

// mayRetain refuses a role that lacks a right which the statements below need: the
// horizon never moves back, so it is not to move for a deletion that cannot be.
func (s *Store) mayRetain(ctx context.Context) error {
	var lacking string
	err := s.pool.QueryRow(ctx, `
		WITH emptied AS (SELECT unnest('{realtimekit.peer_reports, realtimekit.peer_events, realtimekit.participants, realtimekit.sessions,
			realtimekit.meeting_participants, realtimekit.meetings, realtimekit.recordings, realtimekit.livestream_sessions, sync.livestream_states, sync.session_states, sync.peer_report_states, sync.meeting_states,
			sync.rejected_records, sync.run_sessions, sync.runs, analytics.stale_sessions, analytics.stale_people, analytics.session_presences,
			analytics.session_people, analytics.session_person_days, analytics.session_figures, analytics.shared_person_days,
			analytics.usage_ids, analytics.usage_curves, analytics.excuses, analytics.timetable}'::text[]) AS name)
		SELECT privilege || ' on ' || name
		FROM (SELECT name, unnest('{DELETE, SELECT}'::text[]) AS privilege FROM emptied
		      UNION ALL SELECT unnest('{realtimekit.apps, sync.privacy}'::text[]), 'SELECT'
		      UNION ALL SELECT 'analytics.recording_usage', 'SELECT'
		      UNION ALL SELECT 'analytics.deleted_recordings', unnest('{SELECT, INSERT, UPDATE}'::text[])
		      UNION ALL SELECT name, unnest('{SELECT, UPDATE}'::text[]) FROM unnest('{analytics.session_dates, analytics.usage_days, sync.endpoint_states}'::text[]) AS u (name)
		      UNION ALL SELECT unnest('{analytics.session_dates, analytics.usage_days, analytics.usage_preset_days}'::text[]), 'DELETE'
		      UNION ALL SELECT unnest('{analytics.session_dates, analytics.usage_days, analytics.usage_preset_days}'::text[]), 'INSERT') AS needed
		WHERE NOT has_table_privilege(name, privilege) LIMIT 1`).Scan(&lacking)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return warehouse.Failed("look at the role's rights", err)
	}
	return fmt.Errorf("%w: the role of DATABASE_URL lacks %s and cannot delete old sessions: use the role that ran rollcall migrate up; nothing was changed", model.ErrStore, lacking)
}

const ofAccount = `app_id IN (SELECT app_id FROM realtimekit.apps WHERE account_id = $1)`

func (s *Store) countExpired(ctx context.Context, accountID string, before time.Time) (c RetentionCounts, err error) {
	err = s.pool.QueryRow(ctx, `WITH expired AS MATERIALIZED (`+expiredSessionsSQL+`)
		SELECT (SELECT count(*) FROM expired),
		       (SELECT count(*) FROM realtimekit.participants JOIN expired USING (session_id)),
		       (SELECT count(*) FROM realtimekit.peer_events JOIN expired USING (session_id)),
		       (SELECT count(*) FROM realtimekit.peer_reports JOIN expired USING (session_id)),
		       (SELECT count(*) FROM analytics.excuses WHERE `+ofAccount+` AND ends_at < $2),
		       (SELECT count(*) FROM analytics.timetable WHERE `+ofAccount+` AND ends_at < $2)`, accountID, before).
		Scan(&c.Sessions, &c.Participants, &c.PeerEvents, &c.PeerReports, &c.Excuses, &c.Lessons)
	return c, warehouse.Failed("count old sessions", err)
}

// step is one DELETE and what counts its rows.
type step struct {
	sql   string
	count *int
}

// retain deletes one batch of sessions, children first. The triggers that tell
// of deleted rows queue the sessions for the usage by day; they are taken out of
// the queue again, so that the days stay as they were. A session that was queued
// before, since the days were last computed, is left to the next call; and while
// sessions go nobody computes a day, or it might be without them.
func retain(ctx context.Context, tx pgx.Tx, accountID string, before time.Time, c *RetentionCounts) error {
	if err := hold(ctx, tx); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `WITH queued AS MATERIALIZED (SELECT DISTINCT session_id FROM analytics.stale_sessions)
		SELECT e.session_id FROM (`+expiredSessionsSQL+`) AS e LEFT JOIN queued AS q ON q.session_id = e.session_id
		WHERE q.session_id IS NULL LIMIT $3`, accountID, before, retentionBatch)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[pgtype.UUID])
	if err != nil || len(ids) == 0 {
		return err
	}
	days, err := takeOpenDays(ctx, tx, ids, before)
	if err != nil {
		return err
	}
	var derived int
	err = deleteAll(ctx, tx, []any{ids}, []step{
		{keepRecordingsSQL(`session_id = ANY ($1::uuid[])`), &derived},
		{`DELETE FROM realtimekit.recordings WHERE session_id = ANY ($1::uuid[])`, &c.Recordings},
		{`DELETE FROM realtimekit.livestream_sessions WHERE session_id = ANY ($1::uuid[])`, &c.Livestreams},
		{`DELETE FROM sync.livestream_states WHERE session_id = ANY ($1::uuid[])`, &c.States},
		{`DELETE FROM realtimekit.peer_reports WHERE session_id = ANY ($1::uuid[])`, &c.PeerReports},
		{`DELETE FROM realtimekit.peer_events WHERE session_id = ANY ($1::uuid[])`, &c.PeerEvents},
		{`DELETE FROM realtimekit.participants WHERE session_id = ANY ($1::uuid[])`, &c.Participants},
		{`DELETE FROM realtimekit.sessions WHERE session_id = ANY ($1::uuid[])`, &c.Sessions},
		{`DELETE FROM sync.session_states WHERE session_id = ANY ($1::uuid[])`, &c.States},
		{`DELETE FROM sync.peer_report_states WHERE session_id = ANY ($1::uuid[])`, &c.States},
		{`DELETE FROM sync.rejected_records WHERE session_id = ANY ($1::uuid[])`, &c.RejectedRecords},
		{`DELETE FROM analytics.stale_sessions WHERE session_id = ANY ($1::uuid[])`, &derived},
		{`DELETE FROM analytics.stale_people WHERE session_id = ANY ($1::uuid[])`, &derived},
		{`DELETE FROM analytics.session_presences WHERE session_id = ANY ($1::uuid[])`, &derived},
		{`DELETE FROM analytics.session_people WHERE session_id = ANY ($1::uuid[])`, &derived},
		{`DELETE FROM analytics.session_person_days WHERE session_id = ANY ($1::uuid[])`, &derived},
		{`DELETE FROM analytics.session_figures WHERE session_id = ANY ($1::uuid[])`, &derived},
		{`UPDATE analytics.session_dates SET is_gone = true, step_at = '{}', step_people = '{}', step_participants = '{}'
			WHERE session_id = ANY ($1::uuid[])`, &derived},
		{`DELETE FROM analytics.shared_person_days AS u USING analytics.session_dates AS d ` + ofDay, &derived},
		{`DELETE FROM analytics.usage_ids AS u USING analytics.session_dates AS d ` + ofDay, &derived},
		{`DELETE FROM analytics.usage_curves AS u USING analytics.session_dates AS d ` + ofDay, &derived},
	})
	if err != nil {
		return err
	}
	return days.recount(ctx, tx)
}

// keepRecordingsSQL adds the length of the recordings and livestreams that are about to be
// deleted to what is kept by day, which is of nobody.
func keepRecordingsSQL(which string) string {
	return `INSERT INTO analytics.deleted_recordings AS t (app_id, usage_date, usage_kind, preset_view_type, time_zone, recordings, recorded_seconds)
		SELECT app_id, usage_date, usage_kind, preset_view_type, time_zone, sum(recordings), sum(recorded_seconds)
		FROM analytics.recording_usage WHERE recording_id IS NOT NULL AND ` + which + `
		GROUP BY 1, 2, 3, 4, 5
		ON CONFLICT (app_id, usage_date, usage_kind, preset_view_type, time_zone) DO UPDATE
		SET recordings = t.recordings + excluded.recordings, recorded_seconds = t.recorded_seconds + excluded.recorded_seconds`
}

// ofDay joins a table by day with the days of the sessions: what they are counted
// from is not needed any more, and names people.
const ofDay = `WHERE d.session_id = ANY ($1::uuid[]) AND u.app_id = d.app_id AND u.usage_date = d.usage_date`

func deleteAll(ctx context.Context, tx pgx.Tx, args []any, steps []step) error {
	for _, s := range steps {
		tag, err := tx.Exec(ctx, s.sql, args...)
		if err != nil {
			return err
		}
		*s.count += int(tag.RowsAffected())
	}
	return nil
}
