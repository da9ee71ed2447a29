package erasure

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// NameCounts tells in how many rows PseudonymiseNames replaced a name, or an
// unknown text that may be one.
type NameCounts struct{ Participants, MeetingParticipants, PeerEvents, RejectedRecords int }

// nameBatch is how many rows one transaction of PseudonymiseNames changes.
const nameBatch = 5000

// nameTable is a table with names: its key as three texts, how these lead to a
// row, and its column of names.
type nameTable struct {
	table, key, match, name string
	count                   *int
}

// noNames stands for the column of a table where only unknown fields may hold a
// name.
const noNames = "NULL::text"

// PseudonymiseNames replaces the names that are stored already, in batches, and
// in the raw text of rejected records. Protect must have been told to keep names
// out from now on; then a second call changes nothing. With dryRun it only
// counts.
func (s *Store) PseudonymiseNames(ctx context.Context, dryRun bool) (c NameCounts, err error) {
	for _, t := range []nameTable{
		{
			"realtimekit.participants", "session_id::text, participant_id::text, ''",
			"t.session_id = k.a::uuid AND t.participant_id = k.b::uuid", "display_name", &c.Participants,
		},
		{
			"realtimekit.meeting_participants", "app_id, meeting_id, meeting_participant_id",
			"t.app_id = k.a AND t.meeting_id = k.b AND t.meeting_participant_id = k.c", "display_name", &c.MeetingParticipants,
		},
		{
			"realtimekit.peer_events", "session_id::text, participant_id::text, event_id::text",
			"t.session_id = k.a::uuid AND t.participant_id = k.b::uuid AND t.event_id = k.c::uuid", noNames, &c.PeerEvents,
		},
	} {
		if err := s.nameTable(ctx, t, dryRun); err != nil {
			return c, warehouse.Failed("pseudonymise the names in "+t.table, err)
		}
	}
	if dryRun {
		return c, nil
	}
	err = s.filtered(ctx, func(tx pgx.Tx, f *privacy.Filter) (err error) {
		c.RejectedRecords, err = nameRejects(ctx, tx, f)
		return err
	})
	if err != nil {
		return c, warehouse.Failed("pseudonymise the names in rejected records", err)
	}
	err = s.filtered(ctx, func(tx pgx.Tx, f *privacy.Filter) error { return nameMachines(ctx, tx, f) })
	return c, warehouse.Failed("pseudonymise the names of machines in "+naming.Real("analytics.settings"), err)
}

// filtered does so again where it was the victim of a deadlock.
func (s *Store) filtered(ctx context.Context, do func(tx pgx.Tx, f *privacy.Filter) error) error {
	return warehouse.Again(ctx, func(ctx context.Context) error { return s.db.Filtered(ctx, do) })
}

// nameMachines puts the names of machines in the settings as they are stored from now on:
// else a recorder would be a person. A trigger queues the sessions of these apps.
func nameMachines(ctx context.Context, tx pgx.Tx, f *privacy.Filter) error {
	rows, err := tx.Query(ctx, `SELECT app_id, machine_names FROM analytics.settings
		WHERE EXISTS (SELECT 1 FROM unnest(machine_names) AS name WHERE name`+warehouse.IsPlain+`) ORDER BY app_id`)
	if err != nil {
		return err
	}
	type machines struct {
		App   string
		Names []string
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[machines])
	for _, m := range all {
		for i := range m.Names {
			p := model.Participant{DisplayName: m.Names[i]}
			f.TakeName(&p)
			m.Names[i] = p.DisplayName
		}
		if err == nil {
			_, err = tx.Exec(ctx, `UPDATE analytics.settings SET machine_names = $2 WHERE app_id = $1 AND meeting_id = '' AND machine_names IS DISTINCT FROM $2`, m.App, m.Names)
		}
	}
	return err
}

type namedRow struct{ A, B, C, Name, Extra, Repairs string }

// nameTable reads a table once. Whoever loads meanwhile stores no names any more,
// so that nothing is missed.
func (s *Store) nameTable(ctx context.Context, t nameTable, dryRun bool) error {
	if dryRun {
		return s.pool.QueryRow(ctx, `SELECT count(*) FROM `+t.table+` WHERE `+t.name+warehouse.IsPlain).Scan(t.count)
	}
	rows, err := s.pool.Query(ctx, `SELECT `+t.key+`, coalesce(`+t.name+`, ''), coalesce(extra::text, ''), coalesce(repairs::text, '')
		FROM `+t.table+` WHERE `+t.name+warehouse.IsPlain+` OR repairs ? 'display_name' OR extra IS NOT NULL`)
	if err != nil {
		return err
	}
	defer rows.Close()
	batch := make([]namedRow, 0, nameBatch)
	for rows.Next() {
		r, err := pgx.RowToStructByPos[namedRow](rows)
		if err != nil {
			return err
		}
		if batch = append(batch, r); len(batch) < nameBatch {
			continue
		}
		if err := s.nameRows(ctx, t, batch); err != nil {
			return err
		}
		batch = batch[:0]
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return s.nameRows(ctx, t, batch)
}

// nameRows changes those of a batch that are still as they were read: a run that
// has stored another reading meanwhile knew what names are to be.
func (s *Store) nameRows(ctx context.Context, t nameTable, batch []namedRow) error {
	var changed int64
	err := s.filtered(ctx, func(tx pgx.Tx, f *privacy.Filter) error {
		columns := make([][]string, 9)
		for i := range batch {
			r := &batch[i]
			p := model.Participant{DisplayName: r.Name, Provenance: model.Provenance{Extra: []byte(r.Extra)}}
			if r.Repairs != "" {
				if err := json.Unmarshal([]byte(r.Repairs), &p.Repairs); err != nil {
					return fmt.Errorf("read the repairs: %w", err)
				}
			}
			f.TakeName(&p)
			for n, text := range []string{r.A, r.B, r.C, r.Name, p.DisplayName, string(p.Extra), string(p.Repairs.JSON()), r.Extra, r.Repairs} {
				columns[n] = append(columns[n], text)
			}
		}
		set := `display_name = nullif(k.name, ''), `
		if t.name == noNames {
			set = ""
		}
		tag, err := tx.Exec(ctx, `UPDATE `+t.table+` AS t
			SET `+set+`extra = nullif(k.extra, '')::jsonb, repairs = nullif(k.repairs, '')::jsonb, synced_at = now()
			FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
				AS k (a, b, c, old, name, extra, repairs, old_extra, old_repairs)
			WHERE `+t.match+` AND coalesce(`+t.name+`, '') = k.old
			  AND (t.extra, t.repairs) IS NOT DISTINCT FROM (nullif(k.old_extra, '')::jsonb, nullif(k.old_repairs, '')::jsonb)
			  AND (`+t.name+`, t.extra, t.repairs)
			      IS DISTINCT FROM (nullif(k.name, ''), nullif(k.extra, '')::jsonb, nullif(k.repairs, '')::jsonb)`,
			columns[0], columns[1], columns[2], columns[3], columns[4], columns[5], columns[6], columns[7], columns[8])
		changed = tag.RowsAffected()
		if err == nil && t.table == "realtimekit.participants" {
			_, err = tx.Exec(ctx, `UPDATE analytics.session_people AS n SET display_name = k.name
				FROM (SELECT DISTINCT a::uuid AS session_id, old, name FROM unnest($1::text[], $2::text[], $3::text[]) AS k (a, old, name)) AS k
				WHERE n.session_id = k.session_id AND n.display_name = k.old`, columns[0], columns[3], columns[4])
		}
		return err
	})
	if err == nil {
		*t.count += int(changed)
	}
	return err
}

// nameRejects masks the names in the texts of rejected records.
func nameRejects(ctx context.Context, tx pgx.Tx, f *privacy.Filter) (int, error) {
	rows, err := tx.Query(ctx, `SELECT rejected_id, entity, coalesce(app_id, ''), record_key, reason, raw_text FROM sync.rejected_records FOR UPDATE`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var ids []int64
	var reasons, raws []string
	for rows.Next() {
		var id int64
		var r model.Rejected
		if err := rows.Scan(&id, &r.Entity, &r.AppID, &r.Key, &r.Reason, &r.Raw); err != nil {
			return 0, err
		}
		before := r
		for _, kept := range f.Rejected([]model.Rejected{r}) {
			if kept.Raw != before.Raw || kept.Reason != before.Reason {
				ids, reasons, raws = append(ids, id), append(reasons, kept.Reason), append(raws, kept.Raw)
			}
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	tag, err := tx.Exec(ctx, `UPDATE sync.rejected_records AS t SET reason = k.reason, raw_text = k.raw
		FROM unnest($1::bigint[], $2::text[], $3::text[]) AS k (id, reason, raw) WHERE t.rejected_id = k.id`, ids, reasons, raws)
	return int(tag.RowsAffected()), err
}
