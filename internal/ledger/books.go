package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// StartRun enters a run into the ledger and gives its number. Call it while
// holding the lock of the account and kind: a run that the ledger still calls
// running was cut off, and is closed as abandoned with the sums of what it
// committed. Identity columns whose next number is behind their rows, as after a restore, are
// set right first.
func (s *Store) StartRun(ctx context.Context, run model.Run) (int64, error) {
	return s.enter(ctx, "enter the run into the ledger", `WITH abandoned AS (
				UPDATE sync.runs SET status = 'abandoned', finished_at = now(), error = 'the process ended without finishing the run'
				WHERE account_id = $1 AND kind = $2 AND status = 'running' RETURNING run_id)
			INSERT INTO sync.runs (account_id, kind, started_at, range_from, range_to, program_version)
			VALUES ($1, $2, $3, $4, $5, $6)
			RETURNING run_id, clock_timestamp(), (SELECT array_agg(run_id) FROM abandoned)`,
		run.AccountID, run.Kind, run.StartedAt, warehouse.Time(run.From), warehouse.Time(run.To), run.Version)
}

// enter makes the row of a run by a statement that also closes abandoned runs. The
// statement returns the new run's number, the server's time, and the numbers of the abandoned
// runs, whose sums are then written.
func (s *Store) enter(ctx context.Context, doing, sql string, args ...any) (id int64, err error) {
	if err := s.db.MendIdentities(ctx); err != nil {
		return 0, err
	}
	var at time.Time
	err = warehouse.Begin(ctx, s.pool, func(tx pgx.Tx) error {
		var abandoned []int64
		if err := tx.QueryRow(ctx, sql, args...).Scan(&id, &at, &abandoned); err != nil {
			return err
		}
		for _, old := range abandoned {
			if _, err := sumUp(ctx, tx, old); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, warehouse.Failed(doing, err)
	}
	s.db.SetTime(at)
	return id, nil
}

// FinishRun closes a run in the ledger and gives its sums. It works even when
// ctx has ended. It needs no lock: a run that another one closed as abandoned, since its
// lock was lost, stays so, and the error says it.
func (s *Store) FinishRun(ctx context.Context, run model.Run, summary model.RunSummary) (model.RunTotals, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), warehouse.WriteTimeout)
	defer cancel()
	var totals model.RunTotals
	err := s.db.Noted(ctx, summary.Error, func(tx pgx.Tx, failure string) error {
		var err error
		if totals, err = sumUp(ctx, tx, run.ID); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `UPDATE sync.runs SET status = $2, finished_at = now(), requests = $3,
			budget_wait_seconds = $4, sessions_listed = $5, error = $6, other_rows_written = $7 WHERE run_id = $1 AND status = 'running'`,
			run.ID, summary.Status, summary.Requests, summary.BudgetWait.Seconds(), summary.SessionsListed,
			warehouse.Text(failure), summary.OtherRows)
		if err == nil && tag.RowsAffected() == 0 {
			err = warehouse.ErrLockLost
		}
		return err
	})
	return totals, warehouse.Failed("close the run in the ledger", err)
}

// sumUp writes the sums over a run's sessions into the ledger. All other records that
// were set aside belong to no session that was read.
func sumUp(ctx context.Context, tx pgx.Tx, runID int64) (t model.RunTotals, err error) {
	err = tx.QueryRow(ctx, `UPDATE sync.runs SET sessions_read = s.complete + s.live + s.incomplete, sessions_complete = s.complete,
			sessions_incomplete = s.incomplete, sessions_failed = s.failed, rows_read = s.read, rows_inserted = s.inserted,
			rows_updated = s.updated, rows_unchanged = s.unchanged, rows_repaired = s.repaired,
			records_rejected = s.rejected + aside.records, rows_repeated = s.repeated
		FROM (SELECT count(*) FILTER (WHERE outcome = 'complete') AS complete, count(*) FILTER (WHERE outcome = 'live') AS live,
				count(*) FILTER (WHERE outcome = 'incomplete') AS incomplete, count(*) FILTER (WHERE outcome = 'failed') AS failed,
				coalesce(sum(rows_read), 0)::bigint AS read, coalesce(sum(rows_inserted), 0)::bigint AS inserted,
				coalesce(sum(rows_updated), 0)::bigint AS updated, coalesce(sum(rows_unchanged), 0)::bigint AS unchanged,
				coalesce(sum(rows_repaired), 0)::bigint AS repaired, coalesce(sum(records_rejected), 0)::bigint AS rejected,
				coalesce(sum(rows_repeated), 0)::bigint AS repeated
			FROM sync.run_sessions WHERE run_id = $1) AS s,
			(SELECT count(*) AS records FROM sync.rejected_records
			WHERE run_id = $1 AND entity NOT IN ('participant', 'peer_event') AND resolved_at IS NULL) AS aside
		WHERE run_id = $1
		RETURNING s.complete, s.live, s.incomplete, s.failed, s.read, s.inserted, s.updated, s.unchanged, s.repaired,
			records_rejected, s.repeated`, runID).
		Scan(&t.Complete, &t.Live, &t.Incomplete, &t.Failed,
			&t.Read, &t.Inserted, &t.Updated, &t.Unchanged, &t.Repaired, &t.Rejected, &t.Repeated)
	return t, err
}

// States gives what is known of the given sessions; those never seen are absent.
func (s *Store) States(ctx context.Context, ids []model.UUID) (map[model.UUID]model.SessionState, error) {
	if len(ids) == 0 { // a window without sessions, of which a backfill may have hundreds
		return nil, nil
	}
	states := make(map[model.UUID]model.SessionState, len(ids))
	err := s.states(ctx, "WHERE session_id = ANY ($1::uuid[])", warehouse.UUIDs(ids), func(st model.SessionState) { states[st.SessionID] = st })
	return states, err
}

// Unsettled gives the sessions of an app that must be asked for again whether or
// not a list shows them: live, incomplete, failed, or inside the settle window. The
// oldest comes first, so that a run that is cut short has read the same as any other.
func (s *Store) Unsettled(ctx context.Context, appID string) (open []model.SessionState, err error) {
	err = s.states(ctx, "WHERE app_id = $1 AND settled_at IS NULL AND gone_at IS NULL ORDER BY created_at, session_id", appID,
		func(st model.SessionState) { open = append(open, st) })
	return open, err
}

// Unsettle lets sessions be read again by whoever comes to them next: those of a full
// backfill that wait in the queue. What is stored of them stays complete.
func (s *Store) Unsettle(ctx context.Context, ids []model.UUID) error {
	distributed, err := warehouse.IsDistributed(ctx, s.pool)
	switch {
	case err != nil:
	case distributed: // Citus locks rows of one shard only; two at once that lock each other out are tried again
		err = s.db.SendOne(ctx, `UPDATE sync.session_states SET settled_at = NULL WHERE session_id = ANY ($1) AND settled_at IS NOT NULL`, warehouse.UUIDs(ids))
	default:
		err = s.db.SendOne(ctx, `UPDATE sync.session_states AS t SET settled_at = NULL
			FROM (SELECT session_id FROM sync.session_states WHERE session_id = ANY ($1) AND settled_at IS NOT NULL ORDER BY session_id FOR UPDATE) AS s
			WHERE t.session_id = s.session_id`, warehouse.UUIDs(ids))
	}
	return warehouse.Failed("let sessions be read again", err)
}

// waitsSQL tells whether a row of sync.session_states waits for another try. A
// retry that lies further off than the pause after so many attempts was noted by a
// clock that was ahead, and is no reason to wait.
const waitsSQL = `retry_at > now() AND retry_at <= now() + least(interval '1 day', interval '15 minutes' * 2 ^ least(coalesce(nullif(attempts, 0), 12) - 2, 10))`

func (s *Store) states(ctx context.Context, where string, arg any, each func(model.SessionState)) error {
	rows, err := s.pool.Query(ctx, `SELECT session_id, app_id, fingerprint, coalesce(status, ''), read_at,
		coalesce(distinct_participants, 0), complete_at IS NOT NULL, settled_at IS NOT NULL,
		coalesce(`+waitsSQL+`, false), tried_fingerprint, failed_at IS NOT NULL FROM sync.session_states `+where, arg)
	if err != nil {
		return warehouse.Failed("read session states", err)
	}
	var st model.SessionState
	var id pgtype.UUID
	var readAt pgtype.Timestamptz
	_, err = pgx.ForEachRow(rows, []any{&id, &st.AppID, &st.Fingerprint, &st.Status, &readAt, &st.Participants, &st.Complete, &st.Settled, &st.Paused, &st.Tried, &st.Failed}, func() error {
		st.SessionID, st.ReadAt = id.Bytes, readAt.Time
		each(st)
		st.Fingerprint, st.Tried = nil, nil
		return nil
	})
	return warehouse.Failed("read session states", err)
}

// Watermark gives how far the discovery of an app has come; zero before the
// first.
func (s *Store) Watermark(ctx context.Context, appID string) (time.Time, error) {
	var mark pgtype.Timestamptz
	err := s.pool.QueryRow(ctx, `SELECT watermark FROM sync.app_states WHERE app_id = $1`, appID).Scan(&mark)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, nil
	}
	return mark.Time, warehouse.Failed("read the watermark of app "+appID, err)
}

// FailingApps gives the apps of an account whose last list of sessions did not come
// to its end, or does not add up.
func (s *Store) FailingApps(ctx context.Context, accountID string) (map[string]bool, error) {
	rows, err := s.pool.Query(ctx, `SELECT app_id FROM sync.app_states WHERE account_id = $1 AND last_error IS NOT NULL`, accountID)
	if err != nil {
		return nil, warehouse.Failed("read which apps fail", err)
	}
	failing := make(map[string]bool)
	var appID string
	_, err = pgx.ForEachRow(rows, []any{&appID}, func() error {
		failing[appID] = true
		return nil
	})
	return failing, warehouse.Failed("read which apps fail", err)
}

const saveDiscoverySQL = `INSERT INTO sync.app_states AS t (app_id, account_id, watermark, discovered_at, last_error, run_id)
	VALUES ($1, $2, CASE WHEN $3::timestamptz > now() THEN now() ELSE $3 END, CASE WHEN $4::text IS NULL THEN now() END, $4, $5)
	ON CONFLICT (app_id) DO UPDATE SET account_id = $2, watermark = CASE WHEN t.watermark > now() AND excluded.watermark IS NOT NULL THEN excluded.watermark
			ELSE greatest(t.watermark, excluded.watermark) END,
		discovered_at = CASE WHEN $4::text IS NULL THEN now() ELSE t.discovered_at END, last_error = $4,
		unlisted_at = NULL, run_id = $5`

// SaveDiscovery notes that the sessions of an app were listed. The watermark never
// moves beyond the server's clock, whatever this machine's says, and back only from
// there: it was noted by a clock that was ahead. A problem leaves it where it is.
func (s *Store) SaveDiscovery(ctx context.Context, run model.Run, appID string, watermark time.Time, problem string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), warehouse.WriteTimeout)
	defer cancel()
	args := []any{appID, run.AccountID, warehouse.Time(watermark), warehouse.Text(""), run.ID}
	var err error
	if problem == "" { // in one statement, since quiet runs do this for each app
		err = s.db.SendOne(ctx, saveDiscoverySQL, args...)
	} else {
		err = s.db.Noted(ctx, problem, func(tx pgx.Tx, problem string) error {
			args[3] = problem
			_, err := tx.Exec(ctx, saveDiscoverySQL, args...)
			return err
		})
	}
	return warehouse.Failed("save the watermark of app "+appID, err)
}
