package erasure

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
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

// textColumnsSQL finds the columns with texts and objects of whatever kind, in which an
// identifier may stand, and the primary key of their table; $1 are our tables, since
// others' are left to their owners.
const textColumnsSQL = `SELECT c.oid::regclass::text, quote_ident(a.attname), format_type(a.atttypid, NULL), k.names, k.types
	FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
	CROSS JOIN LATERAL (
		SELECT coalesce(array_agg(quote_ident(b.attname) ORDER BY b.attnum), '{}') AS names, coalesce(array_agg(format_type(b.atttypid, NULL) ORDER BY b.attnum), '{}') AS types
		FROM pg_index AS i JOIN pg_attribute AS b ON b.attrelid = i.indrelid AND b.attnum = ANY (i.indkey)
		WHERE i.indrelid = c.oid AND i.indisprimary) AS k
	WHERE n.nspname || '.' || c.relname = ANY ($1::text[]) AND c.relkind IN ('r', 'p')
	  AND a.attname IN ('extra', 'repairs', 'error', 'errors', 'last_error', 'err_message') AND NOT a.attisdropped
	ORDER BY 1, 2`

// textColumn is one of them. The names come from the catalog, quoted by Postgres.
type textColumn struct {
	Table, Name, Type  string
	KeyNames, KeyTypes []string
}

// texts masks the identifiers in messages and in the unknown fields of other
// records.
func (w *erasure) texts(ctx context.Context) error {
	words := privacy.NewWords(w.plain)
	ours, err := postgres.Relations()
	if err != nil {
		return err
	}
	rows, err := w.tx.Query(ctx, textColumnsSQL, append(ours, naming.Real("rollcall_queue.river_job")))
	if err != nil {
		return err
	}
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[textColumn])
	if err != nil {
		return err
	}
	for _, c := range columns {
		if len(c.KeyNames) == 0 {
			return fmt.Errorf("%w: %s has no primary key, by which its rows could be told apart; restore it", model.ErrSchema, c.Table)
		}
		if err := w.maskColumn(ctx, c, words); err != nil {
			return fmt.Errorf("%s.%s: %w", c.Table, c.Name, err)
		}
	}
	return nil
}

// maskColumn goes by the key of a row, since its place in a table is one in each shard of
// a cluster. A text that somebody changes meanwhile is looked at again.
func (w *erasure) maskColumn(ctx context.Context, c textColumn, words privacy.Words) error {
	mask, spelt := words.Mask, words.Spelt()
	if c.Type != "text" {
		mask, spelt = words.MaskJSON, words.SpeltInJSON(inJSON)
	}
	if len(spelt) == 0 {
		return nil
	}
	for range mostMaskings {
		found, masked, err := w.maskOnce(ctx, c, mask, patterns(spelt))
		w.counts.MaskedTexts += masked
		if err != nil || masked == found {
			return err
		}
	}
	return fmt.Errorf("%w: its texts kept changing; try again", model.ErrStore)
}

// mostMaskings bounds how often a column is looked at again.
const mostMaskings = 10

func (w *erasure) maskOnce(ctx context.Context, c textColumn, mask func(string) (string, bool), like []string) (found, masked int, err error) {
	old, put := c.asText(), c.fromText()
	rows, err := w.tx.Query(ctx, `SELECT ARRAY[`+strings.Join(c.KeyNames, "::text, ")+`::text], `+old+` FROM `+c.Table+` AS t
		WHERE t.`+c.Name+` IS NOT NULL AND ($1::text[] IS NULL OR `+old+` LIKE ANY ($1))`, like)
	if err != nil {
		return 0, 0, err
	}
	columns := make([]any, len(c.KeyNames)+2) // the key's, then the old and the new text
	lists := make([][]string, len(columns))
	var key []string
	var text string
	if _, err = pgx.ForEachRow(rows, []any{&key, &text}, func() error {
		if instead, changed := mask(text); changed {
			for i, value := range slices.Concat(key, []string{text, instead}) {
				lists[i] = append(lists[i], value)
			}
		}
		return nil
	}); err != nil || len(lists[0]) == 0 {
		return 0, 0, err
	}
	var from, names, match []string
	for i := range lists {
		columns[i] = lists[i]
		from, names = append(from, fmt.Sprintf("$%d::text[]", i+1)), append(names, fmt.Sprintf("k%d", i))
		if i < len(c.KeyNames) {
			match = append(match, fmt.Sprintf("t.%s = k.k%d::%s", c.KeyNames[i], i, c.KeyTypes[i]))
		}
	}
	n := len(c.KeyNames)
	tag, err := w.tx.Exec(ctx, fmt.Sprintf(`UPDATE %s AS t SET %s = %s FROM unnest(%s) AS k (%s) WHERE %s AND %s = k.k%d`,
		c.Table, c.Name, fmt.Sprintf(put, fmt.Sprintf("k.k%d", n+1)), strings.Join(from, ", "), strings.Join(names, ", "), strings.Join(match, " AND "), old, n), columns...)
	return len(lists[0]), int(tag.RowsAffected()), err
}

// asText gives the expression of a column of table t as one text.
func (c *textColumn) asText() string {
	if c.Type == jsonList {
		return `to_jsonb(t.` + c.Name + `)::text`
	}
	return `t.` + c.Name + `::text`
}

// fromText gives the expression of a value of the column, with %s for such a text.
func (c *textColumn) fromText() string {
	if c.Type == jsonList {
		return `ARRAY (SELECT e FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS e (e, n) ORDER BY n)`
	}
	return `%s::` + c.Type
}

// jsonList is the type in which River keeps why a job failed, each time.
const jsonList = "jsonb[]"

// patterns gives texts as LIKE finds them, nil where there are too many.
func patterns(texts []string) []string {
	if len(texts) > mostSpelt {
		return nil
	}
	escape := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
	like := make([]string, len(texts))
	for i, text := range texts {
		like[i] = "%" + escape.Replace(text) + "%"
	}
	return like
}

// mostSpelt is up to how many texts are looked for in the database: it goes through
// all of them for each row.
const mostSpelt = 100

// inJSON gives a text as Postgres has it in a jsonb value, in quotes.
func inJSON(text string) string {
	quoted, _ := jsontext.AppendQuote(nil, text) // what is stored is UTF-8
	return string(quoted)
}
