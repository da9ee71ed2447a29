package load_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// statements keeps what is sent to Postgres, but for COPY.
type statements struct {
	sync.Mutex

	sent []string
}

func (s *statements) note(sql string) {
	s.Lock()
	defer s.Unlock()
	s.sent = append(s.sent, sql)
}

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	s.note(data.SQL)
	return ctx
}

func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (*statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (s *statements) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	s.note(data.SQL)
}

func (*statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// A session costs few statements: where it is new, and where it is read again and nothing
// is different. On a cluster most of them are a round trip to a node as well.
func TestASessionCostsFewStatements(t *testing.T) {
	t.Parallel()
	sent := &statements{}
	pool, err := postgres.OpenTraced(t.Context(), secret.New(pgtest.New(t)), 5, sent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	b := testbed.On(t, pool)
	ended := func(n int) model.Session {
		s := testbed.Session(n)
		s.StartedAt, s.EndedAt = testbed.T0, testbed.T0.Add(time.Hour)
		return s
	}
	p := testbed.Participant(7, "Ana", testbed.T0)
	p.JoinedAt, p.LeftAt = testbed.T0, testbed.T0.Add(time.Minute)
	page := model.ParticipantPage{Participants: []model.Participant{p}}
	b.MustLoad(ended(1), page) // makes the app and the meeting
	for _, reading := range []struct {
		name string
		most int
	}{{"new", 16}, {"again", 14}} {
		sent.sent = nil
		b.MustLoad(ended(2), page)
		if len(sent.sent) > reading.most {
			t.Errorf("%s: %d statements, want at most %d: %q", reading.name, len(sent.sent), reading.most, sent.sent)
		}
	}
}
