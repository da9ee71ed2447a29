package load

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// sessionLoad is one session's transaction.
type sessionLoad struct {
	run     model.Run
	session *model.Session
	reading model.Reading
	readAt  time.Time
	intake  *intake
	counts  tally
	digest  []byte // of the session's record as it was listed

	fresh    bool            // no row of the session was stored before, nor of its children
	orphans  bool            // participants of the session were stored, though its own row was not
	leftOver bool            // rows that were derived of the session were stored, though its own row was not
	stale    bool            // a reading that began later than ours is already stored
	inserted bool            // the session's own row is new
	changed  bool            // it is new or another
	began    time.Time       // the transaction, by the server's clock
	before   place           // where the session was stored before
	known    known           // what was stored of its app and meeting
	ahead    known           // the same before the transaction, where that was looked at
	title    pgtype.Text     // of the meeting, as last read
	gone     []model.UUID    // participants that are stored but were not listed
	derived  *derive.Figures // nil where analytics.derive is to derive
	mirrored bool            // the session was stored before, and the rows in memory are what is stored now
	held     holding         // its rows, where they were compared
	identity derive.Identity // of the people of the app
	zone     zone            // of its days
}

// apply writes everything of the session. The order matters: the state row is
// locked first, so that cron and backfill never interleave on a session;
// parents come before children for the foreign keys. All transactions take their
// locks in this order, so that none waits for one that waits for it. A crash
// anywhere in here leaves the session as it was.
func (l *sessionLoad) apply(ctx context.Context, tx pgx.Tx) error {
	if err := l.open(ctx, tx); err != nil {
		return fmt.Errorf("store its state, app, meeting and row: %w", err)
	}
	if !l.fresh {
		if err := l.updateRow(ctx, tx); err != nil {
			return fmt.Errorf("store its row: %w", err)
		}
	}
	if !l.fresh {
		if err := erasure.Late(ctx, tx, l.intake.store.db.Key(), l.session, l.intake.people); err != nil {
			return fmt.Errorf("erase who was recognised late: %w", err)
		}
	}
	if err := l.children(ctx, tx); err != nil {
		return err
	}
	if err := l.derive(ctx, tx); err != nil {
		return fmt.Errorf("derive: %w", err)
	}
	if l.changed && l.session.MeetingID != "" {
		if err := l.meetingTitle(ctx, tx); err != nil {
			return fmt.Errorf("store its meeting's title: %w", err)
		}
	}
	if err := l.setAside(ctx, tx); err != nil {
		return fmt.Errorf("set records aside: %w", err)
	}
	if err := l.books(ctx, tx); err != nil {
		return fmt.Errorf("save its state and counts: %w", err)
	}
	return nil
}

// updateRow changes the session's row where it differs.
func (l *sessionLoad) updateRow(ctx context.Context, tx pgx.Tx) error {
	if l.before.same || l.inserted {
		return nil
	}
	args := append([]any{warehouse.UUID(l.session.ID), l.run.ID, l.stale}, l.columns()...)
	tag, err := tx.Exec(ctx, updateSessionSQL, append(args, l.reading.Overrides)...)
	l.changed = tag.RowsAffected() > 0
	l.counts.session.Updated += int(tag.RowsAffected())
	return err
}

func (l *sessionLoad) setAside(ctx context.Context, tx pgx.Tx) error {
	in := l.intake
	if !in.staged {
		return setAside(ctx, tx, l.run, in.rejected, l.counts.reject)
	}
	if err := in.copyRejected(ctx, tx.Conn()); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, setAsideStagedSQL, l.run.ID, l.reading.LastPass, l.reading.FullPass)
	return eachText(rows, err, l.counts.reject)
}

// books writes what was seen and counted, last, in one round trip.
func (l *sessionLoad) books(ctx context.Context, tx pgx.Tx) error {
	l.counts.participants.Repeated = l.reading.Duplicates
	r, s, c, id := l.reading, l.session, l.counts.sum(), warehouse.UUID(l.session.ID)
	var announced *int
	if r.Announced >= 0 {
		announced = &r.Announced
	}
	participants, events, err := l.rows(ctx, tx)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	batch.Queue(resolveSQL, id, r.FullPass)
	if !l.stale { // what a later reading noted stays
		batch.Queue(saveStateSQL, id, l.run.ID, l.digest, warehouse.Text(s.Status), warehouse.Time(s.CreatedAt), r.Distinct, announced,
			l.readAt, r.Complete, r.Settled, warehouse.Text(r.Problem), s.AppID, l.intake.erased, participants, events, l.began)
	}
	if l.derived != nil {
		l.figures(batch)
	} else if l.mustDerive() || r.Recount {
		if l.stale || participants+events > fewRows { // of a stale session they were not counted
			if err := l.planOnNodes(ctx, tx, batch); err != nil {
				return err
			}
		}
		batch.Queue(warehouse.DeriveSQL, []pgtype.UUID{id})
	}
	if r.Recount {
		batch.Queue(warehouse.RecountSQL, []pgtype.UUID{id})
		batch.Queue(`INSERT INTO analytics.stale_sessions (session_id, started_at) VALUES ($1, $2)`, id, warehouse.Time(s.StartedAt))
	}
	batch.Queue(countSessionSQL, l.run.ID, id, r.Outcome(), c.Read, c.Inserted, c.Updated, c.Unchanged, c.Repaired, c.Rejected, c.Repeated)
	return tx.SendBatch(ctx, batch).Close()
}

// fewRows are so few that any plan will do, and what is told to the nodes costs more.
const fewRows = 100

// planOnNodes has the nodes of a cluster plan what follows as analytics.derive is planned.
func (l *sessionLoad) planOnNodes(ctx context.Context, tx pgx.Tx, batch *pgx.Batch) error {
	distributed, err := l.intake.store.isDistributed(ctx, tx)
	if distributed {
		warehouse.PlanOnNodes(batch)
	}
	return err
}

// rows tells how many participants and events of the session are stored by now.
func (l *sessionLoad) rows(ctx context.Context, tx pgx.Tx) (participants, events int, err error) {
	switch {
	// Where rows were put beside others, Citus counts those as well that were there already.
	case l.fresh || l.held.known && l.counts.participants.Inserted+l.counts.events.Inserted == 0:
		return l.held.participants + l.counts.participants.Inserted, l.held.events + l.counts.events.Inserted, nil
	case l.stale: // nobody asks
		return 0, 0, nil
	}
	err = tx.QueryRow(ctx, countRowsSQL, warehouse.UUID(l.session.ID)).Scan(&participants, &events)
	return participants, events, err
}

// mustDerive reports whether what the views are about must be derived anew: the session's
// rows changed, or it is live and time has passed.
func (l *sessionLoad) mustDerive() bool {
	c := l.counts.sum()
	return c.Inserted+c.Updated+len(l.intake.people) > 0 || l.reading.Outcome() == model.OutcomeLive
}
