package erasure

import (
	"context"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// pseudonymiseRows gives the person's participants and events made-up ids. A
// participant's id is a key that events refer to, so the row is made anew, its
// events are moved to it, and the old one goes.
func (w *erasure) pseudonymiseRows(ctx context.Context) error {
	sessions, old := w.keys()
	var ids []pgtype.UUID
	var users, customs, names, repairs []string
	for i := range w.rows {
		p := &w.rows[i].participant
		w.key.PseudonymiseParticipant(p)
		ids = append(ids, warehouse.UUID(p.ID))
		users, customs, names = append(users, p.UserID), append(customs, p.CustomParticipantID), append(names, p.DisplayName)
		repairs = append(repairs, string(p.Repairs.JSON()))
	}
	if _, err := w.tx.Exec(ctx, `INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id,
			display_name, preset_name, joined_at, left_at, duration_minutes, created_at, updated_at, extra, repairs, removed_at,
			first_synced_at, synced_at, run_id)
		SELECT p.session_id, k.new_id, nullif(k.user_id, ''), nullif(k.custom_id, ''), k.name, p.preset_name, p.joined_at, p.left_at,
			p.duration_minutes, p.created_at, p.updated_at, NULL, nullif(k.repairs, '')::jsonb, p.removed_at,
			p.first_synced_at, now(), p.run_id
		FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[])
			AS k (session_id, old_id, new_id, user_id, custom_id, name, repairs)
		JOIN realtimekit.participants AS p ON p.session_id = k.session_id AND p.participant_id = k.old_id
		ON CONFLICT (session_id, participant_id) DO NOTHING`, // a later reading came under the pseudonym
		sessions, old, ids, users, customs, names, repairs); err != nil {
		return err
	}
	if err := w.pseudonymiseEvents(ctx, sessions, old); err != nil {
		return err
	}
	_, err := w.tx.Exec(ctx, `DELETE FROM realtimekit.participants AS t USING unnest($1::uuid[], $2::uuid[]) AS k (session_id, participant_id)
		WHERE t.session_id = k.session_id AND t.participant_id = k.participant_id`, sessions, old)
	return err
}

// otherEvents takes the person out of the events of others that name them as the
// peer. The ids are of one session each.
func (w *erasure) otherEvents(ctx context.Context) error {
	sessions, own := w.keys()
	var ids, instead []string
	for id := range w.peers {
		ids = append(ids, id)
		if peer, err := model.ParseUUID(id); err == nil && w.Mode == privacy.Pseudonymise {
			instead = append(instead, w.key.PseudonymUUID(peer).String())
		} else {
			instead = append(instead, "")
		}
	}
	_, err := w.tx.Exec(ctx, `UPDATE realtimekit.peer_events AS t SET peer_id = nullif(k.instead, ''), synced_at = now()
		FROM unnest($2::text[], $3::text[]) AS k (id, instead)
		WHERE t.session_id = ANY ($1::uuid[]) AND lower(t.peer_id) = lower(k.id)
		  AND NOT (t.session_id, t.participant_id) IN (SELECT * FROM unnest($1::uuid[], $4::uuid[]))`, sessions, ids, instead, own)
	return err
}

type eventRow struct {
	session          model.UUID
	participant, old model.UUID
	event            model.PeerEvent
}

func (w *erasure) pseudonymiseEvents(ctx context.Context, sessions, participants []pgtype.UUID) error {
	rows, err := w.tx.Query(ctx, `SELECT t.session_id, t.participant_id, t.event_id, coalesce(t.peer_id, ''),
			coalesce(t.socket_session_id, ''), t.repairs::text
		FROM unnest($1::uuid[], $2::uuid[]) AS k (session_id, participant_id)
		JOIN realtimekit.peer_events AS t USING (session_id, participant_id)`, sessions, participants)
	if err != nil {
		return err
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (eventRow, error) {
		var r eventRow
		var session, participant, id pgtype.UUID
		var repairs pgtype.Text
		e := &r.event
		err := row.Scan(&session, &participant, &id, &e.PeerID, &e.SocketSessionID, &repairs)
		r.session, r.participant, r.old = session.Bytes, participant.Bytes, id.Bytes
		e.ParticipantID, e.ID = r.participant, r.old
		if err == nil && repairs.Valid {
			err = json.Unmarshal([]byte(repairs.String), &e.Repairs)
		}
		return r, err
	})
	if err != nil {
		return err
	}
	w.counts.PeerEvents = len(events)
	var of, by, old, newBy, ids []pgtype.UUID
	var peers, sockets, repairs []string
	for i := range events {
		r, e := &events[i], &events[i].event
		w.key.PseudonymiseEvent(e)
		of, by, old = append(of, warehouse.UUID(r.session)), append(by, warehouse.UUID(r.participant)), append(old, warehouse.UUID(r.old))
		newBy, ids = append(newBy, warehouse.UUID(e.ParticipantID)), append(ids, warehouse.UUID(e.ID))
		peers, sockets = append(peers, e.PeerID), append(sockets, e.SocketSessionID)
		repairs = append(repairs, string(e.Repairs.JSON()))
	}
	if _, err := w.tx.Exec(ctx, `DELETE FROM realtimekit.peer_events AS t
		USING unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[]) AS k (session_id, participant_id, event_id, new_participant_id, new_id)
		JOIN realtimekit.peer_events AS p ON p.session_id = k.session_id AND p.participant_id = k.new_participant_id AND p.event_id = k.new_id
		WHERE t.session_id = k.session_id AND t.participant_id = k.participant_id AND t.event_id = k.event_id`,
		of, by, old, newBy, ids); err != nil {
		return err
	}
	_, err = w.tx.Exec(ctx, `UPDATE realtimekit.peer_events AS t
		SET participant_id = k.new_participant_id, event_id = k.new_id, peer_id = nullif(k.peer_id, ''),
		    socket_session_id = nullif(k.socket_id, ''), extra = NULL, repairs = nullif(k.repairs, '')::jsonb, synced_at = now()
		FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[])
		    AS k (session_id, participant_id, event_id, new_participant_id, new_id, peer_id, socket_id, repairs)
		WHERE t.session_id = k.session_id AND t.participant_id = k.participant_id AND t.event_id = k.event_id`,
		of, by, old, newBy, ids, peers, sockets, repairs)
	return err
}

// textColumns hold texts and objects of whatever kind, in which an identifier
// may stand; $1 are our tables, since others' are left to their owners.
const textColumnsSQL = `SELECT c.oid::regclass::text, quote_ident(a.attname), format_type(a.atttypid, NULL)
	FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname || '.' || c.relname = ANY ($1::text[]) AND c.relkind IN ('r', 'p')
	  AND a.attname IN ('extra', 'repairs', 'error', 'last_error', 'err_message') AND NOT a.attisdropped
	ORDER BY 1, 2`

// texts masks the identifiers in messages and in the unknown fields of other
// records.
func (w *erasure) texts(ctx context.Context) error {
	words := privacy.NewWords(w.plain)
	ours, err := postgres.Relations()
	if err != nil {
		return err
	}
	rows, err := w.tx.Query(ctx, textColumnsSQL, ours)
	if err != nil {
		return err
	}
	type column struct{ Table, Name, Type string }
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	if err != nil {
		return err
	}
	for _, c := range columns {
		if err := w.maskColumn(ctx, c.Table, c.Name, c.Type, words); err != nil {
			return err
		}
	}
	return nil
}

func (w *erasure) maskColumn(ctx context.Context, table, name, kind string, words privacy.Words) error {
	mask, spelt := words.Mask, words.Spelt()
	if kind == "jsonb" {
		mask, spelt = words.MaskJSON, words.SpeltInJSON(inJSON)
	}
	if len(spelt) == 0 {
		return nil
	}
	if len(spelt) > mostSpelt {
		spelt = nil
	}
	// The names come from the catalog, quoted by Postgres.
	rows, err := w.tx.Query(ctx, `SELECT ctid::text, `+name+`::text FROM `+table+` WHERE `+name+` IS NOT NULL
		AND ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS id WHERE strpos(`+name+`::text, id) > 0)) FOR UPDATE`, spelt)
	if err != nil {
		return err
	}
	var at, text string
	var places, texts []string
	if _, err := pgx.ForEachRow(rows, []any{&at, &text}, func() error {
		if masked, changed := mask(text); changed {
			places, texts = append(places, at), append(texts, masked)
		}
		return nil
	}); err != nil {
		return err
	}
	w.counts.MaskedTexts += len(places)
	_, err = w.tx.Exec(ctx, `UPDATE `+table+` AS t SET `+name+` = k.text::`+kind+`
		FROM unnest($1::text[], $2::text[]) AS k (place, text) WHERE t.ctid = k.place::tid`, places, texts)
	return err
}

// mostSpelt is up to how many texts are looked for in the database: it goes through
// all of them for each row.
const mostSpelt = 100

// inJSON gives a text as Postgres has it in a jsonb value, in quotes.
func inJSON(text string) string {
	quoted, _ := jsontext.AppendQuote(nil, text) // what is stored is UTF-8
	return string(quoted)
}
