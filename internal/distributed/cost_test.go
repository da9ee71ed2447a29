package distributed

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// wire keeps what the coordinator sends to the nodes.
type wire struct {
	sync.Mutex

	sent []string
}

func (c *wire) take() []string {
	c.Lock()
	defer c.Unlock()
	sent := c.sent
	c.sent = nil
	return sent
}

// listening gives a pool on a warehouse that tells what the coordinator sends.
func listening(t *testing.T, url string) (*pgxpool.Pool, *wire) {
	t.Helper()
	cfg, err := pgtest.ParsePool(url)
	if err != nil {
		t.Fatal(err)
	}
	heard := &wire{}
	cfg.ConnConfig.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if command, found := strings.CutPrefix(n.Message, "issuing "); found {
			heard.Lock()
			defer heard.Unlock()
			heard.sent = append(heard.sent, command)
		}
	}
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `SET timezone = 'UTC'; SET client_min_messages = notice; SET citus.log_remote_commands = on`)
		return err
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool, heard
}

// Each command to a node costs a small session about a twentieth of all that it costs. Two
// more than are counted here are for days and for a meeting's title.
func TestASessionCostsFewCommands(t *testing.T) {
	_, url := distributed(t)
	pool, heard := listening(t, url)
	b := testbed.On(t, pool)
	sessions := []model.Session{testbed.Session(1), testbed.Session(2), testbed.Session(3)}
	for i := range sessions {
		sessions[i].StartedAt, sessions[i].EndedAt = testbed.T0, testbed.T0.Add(time.Hour)
	}
	p := testbed.Participant(7, "Ana", testbed.T0)
	p.JoinedAt, p.LeftAt = testbed.T0, testbed.T0.Add(time.Minute)
	page := model.ParticipantPage{
		Participants: []model.Participant{p},
		Events:       []model.PeerEvent{{ParticipantID: p.ID, ID: testbed.UUID(8), Name: "PEER_CREATED", CreatedAt: testbed.T0, UpdatedAt: testbed.T0}},
	}
	b.MustLoad(sessions[0], page) // makes the app and the meeting
	expect := func(what string, most int, s model.Session) {
		t.Helper()
		heard.take()
		b.MustLoad(s, page)
		if sent := heard.take(); len(sent) > most {
			t.Errorf("%s: %d commands to the nodes, want at most %d:\n%s", what, len(sent), most, strings.Join(sent, "\n"))
		}
	}
	expect("a new session", 14, sessions[1])
	b.NextRun()
	expect("the same again", 7, sessions[1])
}

// The new meetings of one list are written to the nodes at once.
func TestMeetingsOfAListAreMadeAtOnce(t *testing.T) {
	pool, _ := distributed(t)
	data := ended()
	load(t, pool, data, pipeline.Optional{})
	got := pgtest.Texts(t, pool, `SELECT app_id || ' ' || count(DISTINCT first_synced_at) FROM realtimekit.meetings GROUP BY app_id HAVING count(*) > 1 ORDER BY 1`)
	var want []string
	for i := range data.Apps {
		meetings := map[string]bool{}
		for _, s := range data.Apps[i].Sessions {
			meetings[s.MeetingID] = true
		}
		if len(meetings) > 1 {
			want = append(want, data.Apps[i].ID+" 1")
		}
	}
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("transactions that made the meetings of an app: %q, want %q", got, want)
	}
}

// Citus counts rows as added that were there already: what is said and noted as stored is
// what is.
func TestRowsThatChangedAreNotCountedTwice(t *testing.T) {
	pool, _ := distributed(t)
	b := testbed.On(t, pool)
	for _, of := range []struct {
		names             []string
		inserted, updated int
	}{{[]string{"Ana"}, 2, 0}, {[]string{"Ana"}, 0, 0}, {[]string{"Anna"}, 0, 1}, {[]string{"Ann", "Ben"}, 1, 1}} {
		b.NextRun()
		var page model.ParticipantPage
		for i, name := range of.names {
			page.Participants = append(page.Participants, testbed.Participant(7+i, name, testbed.T0))
		}
		if c := b.MustLoad(testbed.Session(1), page); c.Inserted != of.inserted || c.Updated != of.updated {
			t.Errorf("%q: %+v", of.names, c)
		}
		if got := b.Text(`SELECT stored_participants::text FROM sync.session_states`); got != strconv.Itoa(len(of.names)) {
			t.Errorf("%q: %s participants are noted as stored", of.names, got)
		}
	}
}
