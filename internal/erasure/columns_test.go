package erasure_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/testbed"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// fillSQL gives a value to each column of the only row of TABLE that has none.
const fillSQL = `SELECT format('UPDATE TABLE SET %s', string_agg(format('%I = coalesce(%I, %s)', attname, attname,
		CASE format_type(atttypid, NULL) WHEN 'jsonb' THEN '''{"a": "b"}''' WHEN 'timestamp with time zone' THEN 'now()' WHEN 'text' THEN '''some''' ELSE '''1''' END), ', '))
	FROM pg_attribute WHERE attrelid = 'TABLE'::regclass AND attnum > 0 AND NOT attisdropped AND format_type(atttypid, NULL) <> 'uuid'`

// A row whose person is pseudonymised keeps every column but those that say who it is: a
// new column has to be put on one side.
func TestPseudonymisedRowsKeepTheirOtherColumns(t *testing.T) {
	t.Parallel()
	b := testbed.New(t)
	protect(t, b, warehouse.Privacy{})
	ana := testbed.Participant(2, "Ana", testbed.T0)
	ana.CustomParticipantID, ana.UserID = "ana@school.example", "u-ana-2026"
	b.MustLoad(testbed.Session(1), model.ParticipantPage{
		Participants: []model.Participant{ana},
		Events:       []model.PeerEvent{{ParticipantID: ana.ID, ID: testbed.UUID(3), Name: "PEER_JOINING", PeerID: "peer-of-ana"}},
	})
	pgtest.Exec(t, b.Pool, `INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, custom_participant_id, first_synced_at, synced_at, run_id)
		SELECT app_id, meeting_id, 'u-ana-2026', 'ana@school.example', now(), now(), run_id FROM realtimekit.sessions`)
	changing := map[string]string{
		"realtimekit.participants":         "custom_participant_id display_name extra participant_id repairs synced_at user_id",
		"realtimekit.peer_events":          "event_id extra participant_id peer_id repairs socket_session_id synced_at",
		"realtimekit.meeting_participants": "custom_participant_id display_name extra meeting_participant_id repairs synced_at",
	}
	for table := range changing {
		pgtest.Exec(t, b.Pool, b.Text(strings.ReplaceAll(fillSQL, "TABLE", table)))
		pgtest.Exec(t, b.Pool, "CREATE TABLE public.before_"+strings.TrimPrefix(table, "realtimekit.")+" AS TABLE "+table)
	}
	did, err := erasure.New(b.DB).Erase(t.Context(), erasure.Erasure{CustomIDs: []string{ana.CustomParticipantID}, Mode: privacy.Pseudonymise})
	if err != nil || did.Participants != 1 || did.PeerEvents != 1 || did.MeetingParticipants != 1 {
		t.Fatalf("%+v, %v", did, err)
	}
	for table, want := range changing {
		changed := strings.Fields(b.Text(`SELECT string_agg(o.key, ' ' ORDER BY o.key) FROM ` + table + ` AS n, public.before_` + strings.TrimPrefix(table, "realtimekit.") + ` AS b,
			jsonb_each(to_jsonb(b)) AS o WHERE to_jsonb(n) -> o.key IS DISTINCT FROM o.value`))
		if !slices.Equal(changed, strings.Fields(want)) {
			t.Errorf("of a pseudonymised row of %s\n%s changed,\n%s should: internal/erasure and internal/privacy say what becomes of a column", table, changed, want)
		}
	}
}
