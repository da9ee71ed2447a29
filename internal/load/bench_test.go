package load_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/testbed"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// lesson is a page of 500 participants with five events each.
func lesson() model.ParticipantPage {
	page := model.ParticipantPage{Pass: 1}
	for i := range 500 {
		p := testbed.Participant(100+i, "Mira", testbed.T0)
		p.UserID, p.PresetName, p.JoinedAt, p.LeftAt, p.CreatedAt = p.ID.String(), "student", testbed.T0, testbed.T0, testbed.T0
		page.Participants = append(page.Participants, p)
		for k := range 5 {
			page.Events = append(page.Events, model.PeerEvent{
				ParticipantID: p.ID, ID: testbed.UUID(k), Name: "PEER_JOINING", PeerID: p.UserID, SocketSessionID: p.UserID,
				PresetViewType: "GROUP_CALL", CreatedAt: testbed.T0, UpdatedAt: testbed.T0,
			})
		}
	}
	return page
}

// eraseMany puts 10,000 people on the list who are in no session.
func eraseMany(b *testing.B, db *warehouse.DB) {
	b.Helper()
	key, err := privacy.NewKey(secret.New(strings.Repeat("k", privacy.MinKeyBytes)))
	if err != nil {
		b.Fatal(err)
	}
	if err := db.Protect(b.Context(), warehouse.Privacy{Key: key}); err != nil {
		b.Fatal(err)
	}
	users := make([]string, 10_000)
	for i := range users {
		users[i] = fmt.Sprintf("nobody-%d", i)
	}
	if _, err := erasure.New(db).Erase(b.Context(), erasure.Erasure{UserIDs: users, Mode: privacy.Remove}); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkLoad stores a session of 3,000 rows: one never seen, one that is
// stored and unchanged, and one never seen by way of staging tables.
func BenchmarkLoad(b *testing.B) {
	pool := pgtest.Open(b, pgtest.New(b), 8)
	for _, way := range []struct {
		name string
		held int64
		same bool
	}{{"new", 8 << 20, false}, {"unchanged", 8 << 20, true}, {"staged", 1, false}, {"new, 10,000 erased", 9 << 20, false}} {
		b.Run(way.name, func(b *testing.B) {
			db := warehouse.New(pool, slog.New(slog.DiscardHandler))
			store := load.New(db)
			store.HoldAtMost(way.held, 1<<30)
			if strings.HasSuffix(way.name, "erased") {
				eraseMany(b, db)
			}
			run := model.Run{AccountID: way.name, Kind: model.KindRun, StartedAt: time.Now(), Version: "bench"}
			var err error
			if run.ID, err = ledger.New(db).StartRun(b.Context(), run); err != nil {
				b.Fatal(err)
			}
			page, s, n := lesson(), testbed.Session(int(way.held%97)+1), uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				if n++; !way.same {
					binary.BigEndian.PutUint64(s.ID[8:], n<<8|uint64(way.held%97))
				}
				_, err := store.LoadSession(b.Context(), run, s, func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
					return testbed.Full, stage(page)
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*3001/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
