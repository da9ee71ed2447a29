package erasure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Erasure says whose data to erase, and how.
type Erasure struct {
	UserIDs, CustomIDs []string
	ParticipantIDs     []model.UUID
	AppID              string // the only app that it concerns; empty for all
	Mode               privacy.Mode
	DryRun             bool // count and write nothing
	Spellings          Spellings
	Version            string // of the program, for the books
}

// Counts tells what an erasure did. The zero value is that of one that
// had nothing left to do.
type Counts struct {
	Identifiers                  int // that were new on the list
	Participants, Sessions, Apps int
	PeerEvents                   int
	PeerReports                  int
	PeerReportStates             int
	MeetingParticipants          int
	RejectedRecords              int
	Excuses                      int
	MaskedTexts                  int // messages and unknown fields of others
	// ParticipantsOfSameCustomID have a custom id in common with the erased ones;
	// they were not asked for and stay.
	ParticipantsOfSameCustomID int
	// OtherSpellings are custom ids that differ from a given one in upper and lower case
	// or outer spaces only, in quotes; they stay.
	OtherSpellings string
}

// NoRow tells that nothing about the person was stored.
func (c Counts) NoRow() bool {
	return c.Participants+c.PeerEvents+c.PeerReports+c.PeerReportStates+c.MeetingParticipants+c.RejectedRecords+c.Excuses+c.MaskedTexts == 0
}

// erasure is one under way.
type erasure struct {
	Erasure
	key    *privacy.Key
	filter *privacy.Filter // with the identifiers of this one
	tx     pgx.Tx
	counts Counts

	distributed bool // by Citus

	customs map[string]bool // the custom ids that were given, in every form
	users   map[string]bool // UserIDs, by which to find one

	rows   []personRow
	people []model.MeetingParticipant
	homes  []meetingKey // of people
	gone   []personKey  // as whom the erased rows were known
	peers  map[string]bool
	plain  []privacy.Identifier // as they may stand in a text
	aside  []privacy.Identity   // of records that could not be stored
}

// Erase removes people, or puts pseudonyms in their place, in every table, and
// keeps hashes of their identifiers so that no later reading brings them back:
// of those given, of every user_id found with a custom id that was given, and of
// the participants and peers found. It is one transaction, in which nobody can
// store a session; a crash leaves nothing half done. Erasing again what is
// erased changes nothing.
func (s *Store) Erase(ctx context.Context, e Erasure) (Counts, error) {
	if s.db.Key() == nil {
		return Counts{}, fmt.Errorf("%w: ROLLCALL_PRIVACY_KEY and ROLLCALL_PRIVACY_KEY_FILE are not set: without a key nothing can keep the person from coming back", model.ErrUsage)
	}
	distributed, err := s.isDistributed(ctx)
	if err != nil {
		return Counts{}, err
	}
	if !e.DryRun {
		if err := s.db.MendIdentities(ctx); err != nil {
			return Counts{}, err
		}
	}
	var counts Counts
	err = s.db.ChangePrivacy(ctx, func(tx pgx.Tx, f *privacy.Filter) error {
		// First, since a refresh that holds it may wait for rows that are changed below.
		if err := hold(ctx, tx); err != nil {
			return err
		}
		work := &erasure{Erasure: e, key: s.db.Key(), tx: tx, distributed: distributed, peers: make(map[string]bool)}
		err := work.carryOut(ctx, f)
		counts = work.counts
		return err
	})
	if err != nil && !errors.Is(err, warehouse.ErrUnchanged) {
		return Counts{}, warehouse.Failed("erase", err)
	}
	return counts, s.db.ReadPrivacy(ctx)
}

func (w *erasure) carryOut(ctx context.Context, f *privacy.Filter) error {
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"look for other spellings", finder{w}.spellings},
		{"find the person", finder{w}.find},
		{"list the identifiers", func(ctx context.Context) error { return w.suppress(ctx, f) }},
		{"erase peer reports", w.reports},
		{"erase what events of others say", w.otherEvents},
		{"erase participants and events", w.participants},
		{"erase enrolments", w.enrolments},
		{"erase rejected records", w.rejected},
		{"mask messages", w.texts},
		{"erase excuses", func(ctx context.Context) error { return w.excuses(ctx, finder{w}.given()) }},
		{"derive their sessions anew", w.derive},
		{"enter it into the ledger", func(ctx context.Context) error { return w.book(ctx, f) }},
	} {
		if err := step.do(ctx); err != nil && !errors.Is(err, warehouse.ErrUnchanged) {
			return fmt.Errorf("%s: %w", step.name, err)
		} else if err != nil {
			return err
		}
	}
	if w.DryRun {
		return warehouse.ErrUnchanged
	}
	return nil
}

// derive takes the person out of what is kept of the sessions for the views, and
// out of the usage by day, which holds ids of people as well.
func (w *erasure) derive(ctx context.Context) error {
	sessions, _ := w.keys()
	if len(sessions) == 0 {
		return nil
	}
	each := [][]pgtype.UUID{sessions}
	if w.distributed { // one by one: of several, Citus would have to ask several nodes
		sessions = w.sessions()
		each = slices.Collect(slices.Chunk(sessions, 1))
	}
	batch := &pgx.Batch{}
	if w.distributed {
		warehouse.PlanOnNodes(batch)
	}
	for _, some := range each {
		batch.Queue(warehouse.DeriveSQL, some)
	}
	batch.Queue(`SELECT analytics.count_sessions($1)`, sessions)
	return w.tx.SendBatch(ctx, batch).Close()
}

// book enters what was done, last. Where nothing was, there is no entry.
func (w *erasure) book(ctx context.Context, f *privacy.Filter) error {
	c := w.counts
	if c.Identifiers+c.Participants+c.PeerReports+c.PeerReportStates+c.MeetingParticipants+c.RejectedRecords+c.Excuses+c.MaskedTexts == 0 {
		return warehouse.ErrUnchanged
	}
	_, err := w.tx.Exec(ctx, `UPDATE sync.erasures SET identifiers = $1, participants = $2, peer_events = $3, peer_reports = $4,
			peer_report_states = $5, meeting_participants = $6, rejected_records = $7, masked_texts = $8, excuses = $9
		WHERE erasure_id = (SELECT max(erasure_id) FROM sync.erasures)`,
		c.Identifiers, c.Participants, c.PeerEvents, c.PeerReports, c.PeerReportStates, c.MeetingParticipants, c.RejectedRecords, c.MaskedTexts, c.Excuses)
	if err == nil {
		_, err = w.tx.Exec(ctx, warehouse.NextGenerationSQL, w.key.Check(), f.Names())
	}
	return err
}

// suppress puts the identifiers on the list, and makes the filter by which the
// rest of the erasure goes.
func (w *erasure) suppress(ctx context.Context, f *privacy.Filter) error {
	var erasureID int64
	err := w.tx.QueryRow(ctx, `INSERT INTO sync.erasures (erased_at, mode, app_id, identifiers, participants, peer_events, peer_reports,
			peer_report_states, meeting_participants, rejected_records, masked_texts, program_version)
		VALUES (now(), $1, $2, 0, 0, 0, 0, 0, 0, 0, 0, $3) RETURNING erasure_id`, w.Mode.String(), warehouse.Text(w.AppID), w.Version).Scan(&erasureID)
	if err != nil {
		return err
	}
	var hashes [][]byte
	var kinds []string
	seen := make(map[privacy.Hash]bool)
	note := func(kind privacy.Kind, value string) {
		if value == "" || w.key.Pseudonym(kind, value) == value {
			return // no identifier of the vendor's
		}
		if kind != privacy.CustomID || w.AppID == "" { // in other apps it is somebody else's
			w.plain = append(w.plain, privacy.Identifier{Kind: kind, Text: value})
		}
		hash := w.key.Identifier(kind, value)
		if !seen[hash] {
			seen[hash] = true
			hashes, kinds = append(hashes, hash[:]), append(kinds, string(kind))
		}
	}
	for _, id := range w.UserIDs {
		note(privacy.UserID, id)
	}
	for _, id := range w.CustomIDs {
		note(privacy.CustomID, id)
	}
	for id := range w.peers {
		note(privacy.ParticipantID, id)
	}
	if w.Mode == privacy.Remove { // also what an earlier call found and pseudonymised
		_, err = w.tx.Exec(ctx, `UPDATE sync.suppressions SET mode = 'remove' WHERE mode = 'pseudonymise' AND erasure_id IN (
			SELECT erasure_id FROM sync.suppressions WHERE identifier_hash = ANY ($1) AND app_id = $2)
			AND NOT identifier_hash = ANY ($1)`, hashes, w.AppID)
		if err != nil {
			return err
		}
	}
	tag, err := w.tx.Exec(ctx, `INSERT INTO sync.suppressions AS t (identifier_hash, app_id, identifier_kind, mode, erasure_id)
		SELECT hash, $3, kind, $4, $5 FROM unnest($1::bytea[], $2::text[]) AS n (hash, kind)
		ON CONFLICT (identifier_hash, app_id) DO UPDATE SET mode = excluded.mode, erasure_id = excluded.erasure_id
		WHERE t.mode = 'pseudonymise' AND excluded.mode = 'remove'`, hashes, kinds, w.AppID, w.Mode.String(), erasureID)
	if err != nil {
		return err
	}
	w.counts.Identifiers = int(tag.RowsAffected())
	list, err := warehouse.Suppressions(ctx, w.tx)
	w.filter = privacy.NewFilter(w.key, f.Generation, f.Names(), list)
	return err
}

// reports removes peer reports and what is known of asking for them, in either
// mode: device, country and address say whose they are, and are not needed for
// attendance.
func (w *erasure) reports(ctx context.Context) error {
	sessions, participants := w.keys()
	for _, t := range []struct {
		table string
		count *int
	}{{"realtimekit.peer_reports", &w.counts.PeerReports}, {"sync.peer_report_states", &w.counts.PeerReportStates}} {
		tag, err := w.tx.Exec(ctx, `DELETE FROM `+t.table+` AS t USING unnest($1::uuid[], $2::uuid[]) AS k (session_id, participant_id)
			WHERE t.session_id = k.session_id AND t.participant_id = k.participant_id`, sessions, participants)
		if err != nil {
			return err
		}
		*t.count = int(tag.RowsAffected())
	}
	return nil
}

func (w *erasure) keys() (sessions, participants []pgtype.UUID) {
	for i := range w.rows {
		sessions = append(sessions, warehouse.UUID(w.rows[i].session))
		participants = append(participants, warehouse.UUID(w.rows[i].participant.ID))
	}
	return sessions, participants
}

// sessions gives each session of the person once.
func (w *erasure) sessions() []pgtype.UUID {
	all, _ := w.keys()
	slices.SortFunc(all, func(a, b pgtype.UUID) int { return bytes.Compare(a.Bytes[:], b.Bytes[:]) })
	return slices.Compact(all)
}

func (w *erasure) participants(ctx context.Context) error {
	sessions, apps := make(map[model.UUID]bool), make(map[string]bool)
	for i := range w.rows {
		sessions[w.rows[i].session], apps[w.rows[i].appID] = true, true
	}
	w.counts.Participants, w.counts.Sessions, w.counts.Apps = len(w.rows), len(sessions), len(apps)
	w.noteRows()
	if w.Mode == privacy.Pseudonymise {
		return w.keepingRows(ctx, w.pseudonymiseRows)
	}
	return w.keepingRows(ctx, w.removeRows)
}

// removeRows deletes the person's participants and events.
func (w *erasure) removeRows(ctx context.Context) error {
	of, participants := w.keys()
	tag, err := w.tx.Exec(ctx, `DELETE FROM realtimekit.peer_events AS t USING unnest($1::uuid[], $2::uuid[]) AS k (session_id, participant_id)
		WHERE t.session_id = k.session_id AND t.participant_id = k.participant_id`, of, participants)
	if err != nil {
		return err
	}
	w.counts.PeerEvents = int(tag.RowsAffected())
	_, err = w.tx.Exec(ctx, `WITH gone AS (
			DELETE FROM realtimekit.participants AS t USING unnest($1::uuid[], $2::uuid[]) AS k (session_id, participant_id)
			WHERE t.session_id = k.session_id AND t.participant_id = k.participant_id
			RETURNING t.session_id, t.removed_at)
		UPDATE sync.session_states AS s SET erased_participants = s.erased_participants + n.participants
		FROM (SELECT session_id, count(*) AS participants FROM gone WHERE removed_at IS NULL GROUP BY session_id) AS n
		WHERE s.session_id = n.session_id`, of, participants)
	return err
}
