package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Read hands the pages of a session to stage, one after the other, and tells
// what is known of the session once all were read.
type Read = func(ctx context.Context, stage func(model.ParticipantPage) error) (model.Reading, error)

// LoadSession stores one session with its participants and events. read pulls
// them from the API, while nothing is open in Postgres; if it fails nothing is
// stored and its error is returned as it is. Afterwards rows, state and counters
// become visible together, or not at all. Where somebody was erased between the
// reading and the storing, the session is read again.
func (s *Store) LoadSession(ctx context.Context, run model.Run, session model.Session, read Read) (counts model.RowCounts, err error) {
	err = s.db.WithFilter(ctx, func(f *privacy.Filter) error {
		counts, err = s.loadSession(ctx, run, session, f, read)
		return err
	})
	return counts, err
}

func (s *Store) loadSession(ctx context.Context, run model.Run, session model.Session, f *privacy.Filter, read Read) (model.RowCounts, error) {
	in := s.newIntake(session.AppID, f)
	defer in.close()
	readAt := s.db.Now()
	reading, err := read(ctx, func(page model.ParticipantPage) error { return in.add(ctx, page) })
	if err != nil {
		return model.RowCounts{}, err
	}
	if err := in.connect(ctx); err != nil {
		return model.RowCounts{}, fmt.Errorf("store session %s: %w", session.ID, err)
	}
	load := &sessionLoad{run: run, session: &session, reading: reading, readAt: readAt, intake: in, digest: session.Fingerprint()}
	f.Session(&session)
	// From here on the session is in hand: a stop waits for its transaction.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	if err := s.commit(ctx, load); err != nil {
		return model.RowCounts{}, fmt.Errorf("store session %s: %w", session.ID, err)
	}
	s.tell(&load.counts)
	return load.counts.sum(), nil
}

// commitTimeout bounds the transaction of one session, retries included.
const commitTimeout = 15 * time.Minute

// commit runs the session's transaction.
func (s *Store) commit(ctx context.Context, load *sessionLoad) error {
	err := tryCommit(ctx, load.intake.conn, load)
	if err == nil || !load.intake.conn.Conn().IsClosed() {
		return err
	}
	// The answer to COMMIT may have been lost on its way: look it up. The dead
	// connection goes first, since all of the pool's may wait for such an answer.
	load.intake.disconnect()
	return s.lookUp(ctx, load, err)
}

// tryCommit runs the transaction, again where Postgres says that nothing was
// wrong but the moment.
func tryCommit(ctx context.Context, conn *pgxpool.Conn, load *sessionLoad) error {
	return warehouse.Again(ctx, func(ctx context.Context) error {
		load.counts = load.intake.counts
		if err := load.goAhead(ctx); err != nil {
			return err
		}
		return warehouse.Failed("commit", warehouse.Begin(ctx, conn, func(tx pgx.Tx) error { return load.apply(ctx, tx) }))
	})
}

// lookUp finds out on another connection whether the transaction was committed:
// a run counts a session in the same transaction in which it stores it. A worker
// reads a session often in one run, so that the state must be of this reading too, or
// of a later one. Entering the state waits for that transaction, should it still be under way.
func (s *Store) lookUp(ctx context.Context, load *sessionLoad, cause error) error {
	var committed bool
	id, runID := warehouse.UUID(load.session.ID), load.run.ID
	err := warehouse.Begin(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockStateSQL, id, load.session.AppID, runID); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `SELECT coalesce(read_at >= $2, false) FROM sync.session_states WHERE session_id = $1`, id, load.readAt).Scan(&committed)
		if err == nil && committed {
			err = tx.QueryRow(ctx, `SELECT EXISTS (
				SELECT FROM sync.run_sessions WHERE run_id = $1 AND session_id = $2 AND outcome <> 'failed')`, runID, id).Scan(&committed)
		}
		return errors.Join(err, tx.Rollback(ctx))
	})
	if err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		return fmt.Errorf("%w (and whether it was done could not be looked up: %w)", cause, err) // cause has said that it is the database
	}
	if !committed {
		return cause
	}
	return nil
}

// FailSession notes in one transaction that a session could not be read, and
// why. Rows of earlier readings stay.
func (s *Store) FailSession(ctx context.Context, run model.Run, session model.Session, reason string, absence model.Absence) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), warehouse.WriteTimeout)
	defer cancel()
	err := s.db.Noted(ctx, reason, func(tx pgx.Tx, reason string) error {
		if _, err := tx.Exec(ctx, failSessionSQL, warehouse.UUID(session.ID), session.AppID, run.ID,
			warehouse.Time(session.CreatedAt), warehouse.Text(session.Status), reason, absence, session.Fingerprint()); err != nil {
			return err
		}
		// After the state, as everywhere; status finds sessions by their app.
		if err := insertApp(ctx, tx, run, session.AppID); err != nil {
			return err
		}
		return countSession(ctx, tx, run, session.ID, model.OutcomeFailed, model.RowCounts{})
	})
	return warehouse.Failed("note that session "+session.ID.String()+" failed", err)
}

// insertApp makes the row of an app that has none.
func insertApp(ctx context.Context, tx pgx.Tx, run model.Run, appID string) error {
	var known bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM realtimekit.apps WHERE app_id = $1)`, appID).Scan(&known); err != nil || known {
		return err
	}
	_, err := tx.Exec(ctx, insertAppSQL, appID, run.AccountID, run.ID)
	return err
}

func countSession(ctx context.Context, tx pgx.Tx, run model.Run, id model.UUID, outcome string, c model.RowCounts) error {
	_, err := tx.Exec(ctx, countSessionSQL, run.ID, warehouse.UUID(id), outcome,
		c.Read, c.Inserted, c.Updated, c.Unchanged, c.Repaired, c.Rejected, c.Repeated)
	return err
}
