package inventory_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/inventory"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// otherSQL gives for each column of TABLE that is no key a statement that puts another value
// into it.
const otherSQL = `SELECT attname || ': UPDATE TABLE SET ' || quote_ident(attname) || ' = ' || CASE format_type(atttypid, NULL)
		WHEN 'text' THEN '''another''' WHEN 'timestamp with time zone' THEN '''2020-01-01Z''' WHEN 'jsonb' THEN '''{"a": "b"}''' ELSE '7' END
	FROM pg_attribute WHERE attrelid = 'TABLE'::regclass AND attnum > 0 AND NOT attisdropped AND format_type(atttypid, NULL) <> 'uuid'`

// ours are columns that the API does not give, or that follow from what is not stored.
const ours = "extra repairs removed_at first_synced_at synced_at run_id"

// verify --ids sees that a value of a row is another, whichever column it stands in: a new
// column has to be compared, or put among those that are not.
func TestVerifyComparesEachColumn(t *testing.T) {
	t.Parallel()
	for table, c := range map[string]struct {
		left string // not compared: they say nothing of who was there, and when
		args string
		seen func(model.Absent) int
	}{
		"participants": {"created_at", "participantArgs", func(a model.Absent) int { return a.Changed }},
		"peer_events":  {"socket_session_id preset_view_type minutes_consumed updated_at own_ids", "eventArgs", func(a model.Absent) int { return a.EventsChanged }},
	} {
		b := testbed.New(t)
		p := testbed.Participant(2, "Ana", testbed.T0)
		event := model.PeerEvent{ParticipantID: p.ID, ID: testbed.UUID(3), Name: "PEER_JOINING", PeerID: "peer", CreatedAt: testbed.T0, UpdatedAt: testbed.T0.Add(time.Second)}
		session, page := testbed.Session(1), model.ParticipantPage{Participants: []model.Participant{p}, Events: []model.PeerEvent{event}}
		b.MustLoad(session, page)
		different := func() int {
			found, err := inventory.New(b.DB).Absent(t.Context(), session.AppID, session.ID, page)
			if err != nil {
				t.Fatal(err)
			}
			return c.seen(found)
		}
		if n := different(); n != 0 {
			t.Fatalf("%d rows of %s differ from what was just stored", n, table)
		}
		pgtest.Exec(t, b.Pool, `CREATE TABLE public.before AS TABLE realtimekit.`+table)
		for _, line := range pgtest.Texts(t, b.Pool, strings.ReplaceAll(otherSQL, "TABLE", "realtimekit."+table)) {
			column, update, _ := strings.Cut(line, ": ")
			if slices.Contains(strings.Fields(c.left+" "+ours), column) {
				continue
			}
			pgtest.Exec(t, b.Pool, update)
			if n := different(); n != 1 {
				t.Errorf("rollcall verify --ids does not see that %s of %s is another: let sql/absent_….sql compare it, with an argument in %s (verify.go), or put it into the list above",
					column, table, c.args)
			}
			pgtest.Exec(t, b.Pool, `UPDATE realtimekit.`+table+` AS t SET `+column+` = b.`+column+` FROM public.before AS b`)
		}
	}
}
