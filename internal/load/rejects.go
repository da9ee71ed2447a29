package load

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// ResolveReject marks a rejected record as one that need not be stored any more.
func (s *Store) ResolveReject(ctx context.Context, id int64) error {
	err := s.db.SendOne(ctx, `UPDATE sync.rejected_records SET resolved_at = now() WHERE rejected_id = $1`, id)
	return warehouse.Failed("resolve a rejected record", err)
}

// Rejects hands on rejected records, the oldest first: the open ones, or all; those
// of one account, or of every for an empty accountID.
func (s *Store) Rejects(ctx context.Context, accountID string, all bool, each func(model.StoredReject) error) error {
	rows, err := s.pool.Query(ctx, `SELECT rejected_id, entity, coalesce(t.app_id, ''), session_id, record_key, reason, raw_text,
			first_seen_at, last_seen_at, times_seen, resolved_at
		FROM sync.rejected_records AS t
		WHERE ($1 OR resolved_at IS NULL) AND ($2 = '' OR `+warehouse.RejectAccount+` = $2) ORDER BY rejected_id`, all, accountID)
	if err != nil {
		return warehouse.Failed("read the rejected records", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r model.StoredReject
		var session pgtype.UUID
		var resolved pgtype.Timestamptz
		if err := rows.Scan(&r.ID, &r.Entity, &r.AppID, &session, &r.Key, &r.Reason, &r.Raw,
			&r.FirstSeenAt, &r.LastSeenAt, &r.TimesSeen, &resolved); err != nil {
			return warehouse.Failed("read the rejected records", err)
		}
		r.SessionID, r.ResolvedAt = session.Bytes, resolved.Time
		if err := each(r); err != nil {
			return err
		}
	}
	return warehouse.Failed("read the rejected records", rows.Err())
}

// mostUnnamed is how many of them are looked at by one reading.
const mostUnnamed = 10_000

// unnamedSQL gives open records of entity $1 that belong to no session, of whom $2 says.
const (
	unnamedSQL = `SELECT rejected_id, record_key, coalesce(substring(raw_text FROM '"created_at"\s*:\s*"([^"]{1,40})"'), '')
		FROM sync.rejected_records AS t
		WHERE entity = $1 AND session_id IS NULL AND resolved_at IS NULL AND `
	unnamedOrder = ` = $2 ORDER BY rejected_id LIMIT $3`
)

// Unnamed gives open rejected records of an entity that belong to no session: of an app, or
// those of the account's apps for an empty appID. Of the raw text, which may be long, it
// gives when the record was created.
func (s *Store) Unnamed(ctx context.Context, run model.Run, entity, appID string) ([]model.StoredReject, error) {
	var rows pgx.Rows
	var err error
	if appID == "" {
		rows, err = s.pool.Query(ctx, unnamedSQL+warehouse.RejectAccount+unnamedOrder, entity, run.AccountID, mostUnnamed)
	} else {
		rows, err = s.pool.Query(ctx, unnamedSQL+`app_id`+unnamedOrder, entity, appID, mostUnnamed)
	}
	if err != nil {
		return nil, warehouse.Failed("look for records that were set aside", err)
	}
	open, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r model.StoredReject, err error) {
		return r, row.Scan(&r.ID, &r.Key, &r.Raw)
	})
	return open, warehouse.Failed("look for records that were set aside", err)
}

// LoadSalvaged stores what a rejected record turned out to be and marks it as
// resolved, in one transaction. The record may be older than what is stored by
// now: that stays. A session that nothing was read of is left to the next run.
func (s *Store) LoadSalvaged(ctx context.Context, run model.Run, from model.StoredReject, salvaged model.Salvaged) (counts model.RowCounts, err error) {
	err = s.db.WithFilter(ctx, func(f *privacy.Filter) error {
		counts, err = s.loadSalvaged(ctx, run, from, salvaged, f)
		return err
	})
	return counts, err
}

func (s *Store) loadSalvaged(ctx context.Context, run model.Run, from model.StoredReject, salvaged model.Salvaged, f *privacy.Filter) (model.RowCounts, error) {
	in := s.newIntake(from.AppID, f)
	defer in.close()
	if err := in.add(ctx, salvaged.Page); err != nil {
		return model.RowCounts{}, err
	}
	if err := in.connect(ctx); err != nil {
		return model.RowCounts{}, err
	}
	l := &sessionLoad{
		run: run, intake: in, readAt: from.LastSeenAt, session: &model.Session{ID: from.SessionID, AppID: from.AppID},
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	err := warehouse.Begin(ctx, in.conn, func(tx pgx.Tx) error {
		l.counts = in.counts
		if err := warehouse.HoldPrivacy(ctx, tx, f); err != nil {
			return err
		}
		if err := l.salvage(ctx, tx, salvaged); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE sync.rejected_records SET resolved_at = now() WHERE rejected_id = $1`, from.ID)
		return err
	})
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "23503" {
		return model.RowCounts{}, fmt.Errorf("the record that it belongs to is not in the warehouse: %s", pg.Detail)
	}
	return l.counts.sum(), warehouse.Failed(fmt.Sprintf("load rejected record %d", from.ID), err)
}

func (l *sessionLoad) salvage(ctx context.Context, tx pgx.Tx, salvaged model.Salvaged) error {
	if salvaged.App != nil {
		l.counts = tally{other: model.RowCounts{Read: 1}}
		return saveApps(ctx, tx, l.run, []model.App{*salvaged.App})
	}
	if err := l.openSalvaged(ctx, tx, salvaged.Session); err != nil {
		return err
	}
	if err := l.children(ctx, tx); err != nil {
		return err
	}
	if err := l.setAside(ctx, tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE sync.session_states
		SET stored_participants = stored_participants + $2, stored_events = stored_events + $3 WHERE session_id = $1`,
		warehouse.UUID(l.session.ID), l.counts.participants.Inserted, l.counts.events.Inserted); err != nil {
		return err
	}
	return countSession(ctx, tx, l.run, l.session.ID, model.OutcomeRetried, l.counts.sum())
}

// openSalvaged locks the session's state and, where it is the session that was
// salvaged, stores its row. Whatever else is stored was seen later.
func (l *sessionLoad) openSalvaged(ctx context.Context, tx pgx.Tx, session *model.Session) error {
	if session == nil {
		_, err := tx.Exec(ctx, lockStateSQL, warehouse.UUID(l.session.ID), l.session.AppID, l.run.ID)
		l.stale = true
		return err
	}
	l.session = session
	l.intake.filter.Session(session)
	if err := l.open(ctx, tx); err != nil {
		return err
	}
	l.stale = true
	if l.fresh {
		return nil
	}
	return l.updateRow(ctx, tx)
}
