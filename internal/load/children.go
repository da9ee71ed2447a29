package load

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// children writes participants, then events, in the cheapest way that the
// session allows:
//
//   - never stored, and whole in memory: COPY into the tables;
//   - stored, and whole in memory: what the tables hold is read and compared,
//     and only what differs goes through staging;
//   - anything else (too large, or read twice): all of it through staging.
func (l *sessionLoad) children(ctx context.Context, tx pgx.Tx) error {
	whole := l.intake.whole(l.reading.LastPass)
	l.held = holding{}
	if l.fresh && whole {
		l.counts.participants.Inserted += l.intake.held.participants.len()
		l.counts.events.Inserted += l.intake.held.events.len()
		return l.intake.copyToTables(ctx, tx.Conn(), l.session.ID, l.run.ID)
	}
	if whole {
		if err := l.compare(ctx, tx); err != nil {
			return fmt.Errorf("compare with what is stored: %w", err)
		}
	}
	if err := l.merge(ctx, tx, whole); err != nil {
		return err
	}
	if l.fresh || l.stale || !l.reading.FullPass {
		return nil
	}
	return l.remove(ctx, tx, whole)
}

// holding counts rows that the tables held before.
type holding struct {
	known                bool
	participants, events int
	removed              int // participants that were removed before and are so still
}

// compare reads the session's rows and leaves out of what has to be written all
// that are the same. The state row is locked, so no other run changes them
// meanwhile. It notes the participants that are stored but were not listed.
func (l *sessionLoad) compare(ctx context.Context, tx pgx.Tx) error {
	held, aside := l.intake.held, l.intake.listedAside()
	held.participants.forget()
	held.events.forget()
	l.gone = l.gone[:0]
	err := l.stored(ctx, tx, storedParticipantsSQL, func(values [][]byte) {
		l.held.participants++
		last := len(values) - 1
		id := model.UUID(values[0])
		if values[last][0] == 1 { // removed
			if _, listed := held.participants.find(values[0]); !listed {
				l.held.removed++
			}
			return
		}
		if !held.participants.compare(values[:last]) && !aside[id] {
			l.gone = append(l.gone, id)
		}
	})
	if err != nil {
		return err
	}
	l.held.known = true
	return l.stored(ctx, tx, storedPeerEventsSQL, func(values [][]byte) {
		l.held.events++
		held.events.compare(values)
	})
}

// stored hands on the session's rows in a table, column by column in binary form.
func (l *sessionLoad) stored(ctx context.Context, tx pgx.Tx, sql string, each func(values [][]byte)) error {
	stored, err := tx.Query(ctx, sql, pgx.QueryResultFormats{pgx.BinaryFormatCode}, warehouse.UUID(l.session.ID))
	if err != nil {
		return err
	}
	for stored.Next() {
		each(stored.RawValues())
	}
	return stored.Err()
}

// merge writes what is in memory or staged and is not the same in the tables.
func (l *sessionLoad) merge(ctx context.Context, tx pgx.Tx, whole bool) error {
	held := l.intake.held
	if held.participants.left+held.events.left > 0 || !whole {
		if err := l.stageRest(ctx, tx); err != nil {
			return fmt.Errorf("copy into staging: %w", err)
		}
	} else {
		return nil
	}
	distributed, err := l.intake.store.isDistributed(ctx, tx)
	if err != nil {
		return err
	}
	counted := ""
	if distributed {
		counted = ` RETURNING 1` // or Citus counts the rows that were there already too
	}
	id, run := warehouse.UUID(l.session.ID), l.run.ID
	for _, step := range []struct {
		name, sql string
		args      []any
		count     *int
		skip      bool
	}{
		{"change participants", updateParticipantsSQL, []any{id, run, l.stale, l.reading.Overrides}, &l.counts.participants.Updated, l.fresh},
		{"add participants", insertParticipantsSQL + counted, []any{id, run}, &l.counts.participants.Inserted, false},
		{"change peer events", updatePeerEventsSQL, []any{id, run, l.stale, l.reading.Overrides}, &l.counts.events.Updated, l.fresh},
		{"add peer events", insertPeerEventsSQL + counted, []any{id, run}, &l.counts.events.Inserted, false},
	} {
		if step.skip {
			continue
		}
		tag, err := tx.Exec(ctx, step.sql, step.args...)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		*step.count += int(tag.RowsAffected())
	}
	return nil
}

// stageRest brings what is still in memory to the staging tables of this
// connection. The rows stay in memory for another try of the transaction.
func (l *sessionLoad) stageRest(ctx context.Context, tx pgx.Tx) error {
	if !l.intake.staged {
		if _, err := tx.Exec(ctx, stagingSQL); err != nil {
			return err
		}
	}
	return l.intake.copyToStaging(ctx, tx.Conn())
}

// remove marks the participants that a full pass no longer lists.
func (l *sessionLoad) remove(ctx context.Context, tx pgx.Tx, whole bool) error {
	id, run := warehouse.UUID(l.session.ID), l.run.ID
	sql, args := removeListedSQL, []any{id, run, l.gone}
	if !whole {
		aside := make([][16]byte, 0, len(l.intake.aside))
		for participant := range l.intake.listedAside() {
			aside = append(aside, participant)
		}
		sql, args = removeParticipantsSQL, []any{id, run, l.reading.LastPass, aside}
	} else if len(l.gone) == 0 {
		return nil
	}
	tag, err := tx.Exec(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("mark participants as removed: %w", err)
	}
	l.counts.participants.Updated += int(tag.RowsAffected())
	return nil
}
