package load_test

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// random gives an id that looks like one of the API's, always the same for a number.
func random(n int) model.UUID {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	return model.UUID(sum[:16])
}

// Sessions whose rows come in no order leave the index of events nearly full, in memory as
// well as staged: rows in any order would fill two thirds of a page, and rows in the order of
// their key half of it.
func TestRowsOfSessionsFillTheirIndex(t *testing.T) {
	t.Parallel()
	const sessions, participants, events = 12, 100, 20
	for name, most := range map[string]int64{"in memory": 4 << 20, "staged": 1} {
		b := testbed.New(t)
		b.Store.HoldAtMost(most, 16<<20)
		for n := range sessions {
			page, of := model.ParticipantPage{Pass: 1}, n*1_000_000
			for i := range participants {
				p := testbed.Participant(1, "Mira", testbed.T0)
				p.ID = random(of + i)
				page.Participants = append(page.Participants, p)
				for k := range events {
					page.Events = append(page.Events, model.PeerEvent{
						ParticipantID: p.ID, ID: random(of + 1000 + i*events + k), Name: "PEER_JOINING", CreatedAt: testbed.T0.Add(time.Duration(k) * time.Minute),
					})
				}
			}
			session := testbed.Session(1)
			session.ID = random(of + 999)
			b.MustLoad(session, page)
		}
		// An entry is of three ids, a head of 8 bytes, and a pointer of 4 to it.
		const perPage = 8192 / (3*16 + 8 + 4)
		var pages int
		if err := b.Pool.QueryRow(t.Context(), `SELECT pg_relation_size('realtimekit.peer_events_pkey') / 8192`).Scan(&pages); err != nil {
			t.Fatal(err)
		}
		if full := sessions * participants * events / perPage; pages > full*5/4 {
			t.Errorf("%s: the index of %d events has %d pages, and %d would be full", name, sessions*participants*events, pages, full)
		} else {
			t.Logf("%s: %d pages, %d when full", name, pages, full)
		}
	}
}
