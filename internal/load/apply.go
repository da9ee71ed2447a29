package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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
	leftOver bool            // something that was derived of it is stored nevertheless
	stale    bool            // a reading that began later than ours is already stored
	inserted bool            // the session's own row is new
	changed  bool            // it is new or another
	before   place           // where the session was stored before
	title    pgtype.Text     // of the meeting, when it was last looked at
	gone     []model.UUID    // participants that are stored but were not listed
	derived  *derive.Figures // nil where analytics.derive is to derive
	mirrored bool            // the session was stored before, and the rows in memory are what is stored now
	identity derive.Identity // of the people of the app
	zoned    bool            // whether its days are others than those of UTC
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

// open makes sure that nobody was erased since the pages were taken, locks the
// session's state row, and makes that and the other rows which
// are not there: app, meeting, session.
func (l *sessionLoad) open(ctx context.Context, tx pgx.Tx) error {
	id, s := warehouse.UUID(l.session.ID), l.session
	batch := &pgx.Batch{}
	outdated, appKnown, meetingKnown := false, false, false
	warehouse.QueuePrivacy(batch, l.intake.filter, &outdated)
	batch.Queue(insertStateSQL, id, s.AppID, l.run.ID)
	batch.Queue(lockStateSQL, id, l.readAt).QueryRow(func(row pgx.Row) error { return row.Scan(&l.stale) })
	batch.Queue(knownSQL, s.AppID, s.MeetingID).QueryRow(func(row pgx.Row) error { return row.Scan(&appKnown, &meetingKnown, &l.title) })
	l.before = place{}
	batch.Queue(placeSQL, id).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&l.before.meeting, &l.before.title, &l.before.createdAt)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if outdated {
		return warehouse.ErrOutdated
	}
	return l.insertRow(ctx, tx, appKnown, meetingKnown)
}

// insertRow makes the session's row where there is none, and those of its app and
// meeting where they are new: nothing else of a session writes these.
func (l *sessionLoad) insertRow(ctx context.Context, tx pgx.Tx, appKnown, meetingKnown bool) error {
	id, run, s := warehouse.UUID(l.session.ID), l.run.ID, l.session
	batch := &pgx.Batch{}
	if !appKnown {
		batch.Queue(insertAppSQL, s.AppID, l.run.AccountID, run)
	}
	if s.MeetingID != "" && !meetingKnown {
		l.title = warehouse.Text(s.MeetingTitle)
		batch.Queue(insertMeetingSQL, s.AppID, s.MeetingID, l.title, run)
	}
	l.inserted = false
	batch.Queue(insertSessionSQL, append([]any{id, run}, l.columns()...)...).Exec(func(tag pgconn.CommandTag) error {
		l.inserted = tag.RowsAffected() == 1
		return nil
	})
	// Foreign keys forbid children of a session without a row, but a restore of
	// single tables or a replica may have them.
	orphans := false
	batch.Queue(leftOverSQL, id).QueryRow(func(row pgx.Row) error { return row.Scan(&orphans, &l.leftOver) })
	l.identity, l.zoned = derive.Identity{}, false
	batch.Queue(holdSettingsSQL, s.AppID)
	batch.Queue(identitySQL, s.AppID).QueryRow(func(row pgx.Row) error {
		i := &l.identity
		return row.Scan(&i.ByUser, &i.Nobody, &i.MachinePresets, &i.MachineNames, &l.zoned)
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	l.changed = l.inserted
	l.fresh = l.inserted && !orphans
	l.counts.session.Read++
	if l.inserted {
		l.counts.session.Inserted++
	}
	if len(s.Repairs) > 0 {
		l.counts.session.Repaired++
	}
	return nil
}

// holdSettingsSQL keeps the settings of an app as they are until the session is stored:
// analytics.queue_settings, which takes the lock alone, would not see the session.
const holdSettingsSQL = `SELECT pg_advisory_xact_lock_shared(hashtextextended('rollcall:settings:' || $1, 0))`

// Each looks for the first row in the order of an index: to the planner EXISTS is soon
// answered by reading a table from its beginning, which for a new session is all of it.
const leftOverSQL = `SELECT (SELECT session_id FROM realtimekit.participants WHERE session_id = $1 ORDER BY participant_id LIMIT 1) IS NOT NULL,
	EXISTS (SELECT 1 FROM analytics.session_figures WHERE session_id = $1)
	OR (SELECT session_id FROM analytics.presences WHERE session_id = $1 ORDER BY participant_id, presence_no LIMIT 1) IS NOT NULL
	OR (SELECT session_id FROM analytics.session_people WHERE session_id = $1 ORDER BY person_id LIMIT 1) IS NOT NULL
	OR (SELECT session_id FROM analytics.session_person_days WHERE session_id = $1 ORDER BY person_id, usage_date, piece_no LIMIT 1) IS NOT NULL`

// columns gives the session's own columns.
func (l *sessionLoad) columns() []any {
	s := l.session
	return []any{
		s.AppID, warehouse.Text(s.MeetingID), warehouse.Text(s.MeetingTitle), warehouse.Text(s.Type), warehouse.Text(s.Status),
		warehouse.Count(s.LiveParticipants), warehouse.Count(s.MaxConcurrent), warehouse.Number(s.MinutesConsumed),
		warehouse.Time(s.StartedAt), warehouse.Time(s.EndedAt), warehouse.Time(s.CreatedAt), warehouse.Time(s.UpdatedAt),
		warehouse.JSON(s.Extra), warehouse.JSON(s.Repairs.JSON()),
	}
}

// updateRow changes the session's row where it differs.
func (l *sessionLoad) updateRow(ctx context.Context, tx pgx.Tx) error {
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
	var participants, events *int
	switch held := l.intake.held; {
	case l.fresh:
		participants, events = &l.counts.participants.Inserted, &l.counts.events.Inserted
	case l.mirrored:
		p, e := held.participants.len(), held.events.len()
		participants, events = &p, &e
	}
	batch := &pgx.Batch{}
	batch.Queue(resolveSQL, id, r.FullPass)
	batch.Queue(saveStateSQL, id, l.run.ID, l.digest, warehouse.Text(s.Status), warehouse.Time(s.CreatedAt),
		r.Distinct, announced, l.readAt, r.Complete, r.Settled, warehouse.Text(r.Problem), s.AppID, l.intake.erased, participants, events)
	if l.derived != nil {
		l.figures(batch)
	} else if l.isDerived() || r.Recount {
		batch.Queue(warehouse.DeriveSQL, []pgtype.UUID{id})
	}
	if r.Recount {
		batch.Queue(warehouse.RecountSQL, []pgtype.UUID{id})
		batch.Queue(`INSERT INTO analytics.stale_sessions (session_id, started_at) VALUES ($1, $2)`, id, warehouse.Time(s.StartedAt))
	}
	batch.Queue(countSessionSQL, l.run.ID, id, r.Outcome(), c.Read, c.Inserted, c.Updated, c.Unchanged, c.Repaired, c.Rejected, c.Repeated)
	return tx.SendBatch(ctx, batch).Close()
}

// isDerived reports whether what the views are about has to be derived anew: the
// session's rows changed, or it is live, and time has passed.
func (l *sessionLoad) isDerived() bool {
	c := l.counts.sum()
	return c.Inserted+c.Updated+len(l.intake.people) > 0 || l.reading.Outcome() == model.OutcomeLive
}
