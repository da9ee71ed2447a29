package load_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// lesson is a page of 500 participants with five events each.
func lesson() model.ParticipantPage {
	page := model.ParticipantPage{Pass: 1}
	for i := range 500 {
		p := participant(100+i, "Mira", t0)
		p.UserID, p.PresetName, p.JoinedAt, p.LeftAt, p.CreatedAt = p.ID.String(), "student", t0, t0, t0
		page.Participants = append(page.Participants, p)
		for k := range 5 {
			page.Events = append(page.Events, model.PeerEvent{
				ParticipantID: p.ID, ID: uuid(k), Name: "PEER_JOINING", PeerID: p.UserID, SocketSessionID: p.UserID,
				PresetViewType: "GROUP_CALL", CreatedAt: t0, UpdatedAt: t0,
			})
		}
	}
	return page
}

// eraseMany puts 10,000 people on the list who are in no session.
func eraseMany(b *testing.B, store *load.Store) {
	b.Helper()
	key, err := privacy.NewKey(secret.New(strings.Repeat("k", privacy.MinKeyBytes)))
	if err != nil {
		b.Fatal(err)
	}
	if err := store.Protect(b.Context(), load.Privacy{Key: key}); err != nil {
		b.Fatal(err)
	}
	users := make([]string, 10_000)
	for i := range users {
		users[i] = fmt.Sprintf("nobody-%d", i)
	}
	if _, err := store.Erase(b.Context(), load.Erasure{UserIDs: users, Mode: privacy.Remove}); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkLoad stores a session of 3,000 rows: one never seen, one that is
// stored and unchanged, and one never seen by way of staging tables.
func BenchmarkLoad(b *testing.B) {
	pool, err := postgres.Open(b.Context(), secret.New(pgtest.New(b)), 8)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	for _, way := range []struct {
		name string
		held int64
		same bool
	}{{"new", 8 << 20, false}, {"unchanged", 8 << 20, true}, {"staged", 1, false}, {"new, 10,000 erased", 9 << 20, false}} {
		b.Run(way.name, func(b *testing.B) {
			store := load.New(pool, slog.New(slog.DiscardHandler))
			store.HoldAtMost(way.held, 1<<30)
			if strings.HasSuffix(way.name, "erased") {
				eraseMany(b, store)
			}
			run := model.Run{AccountID: way.name, Kind: model.KindRun, StartedAt: time.Now(), Version: "bench"}
			if run.ID, err = store.StartRun(b.Context(), run); err != nil {
				b.Fatal(err)
			}
			page, s, n := lesson(), session(int(way.held%97)+1), uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				if n++; !way.same {
					binary.BigEndian.PutUint64(s.ID[8:], n<<8|uint64(way.held%97))
				}
				_, err := store.LoadSession(b.Context(), run, s, func(_ context.Context, stage func(model.ParticipantPage) error) (model.Reading, error) {
					return full, stage(page)
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*3001/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
