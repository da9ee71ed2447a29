package cli

import (
	"testing"

	"github.com/rollcall-etl/rollcall/internal/metrics"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/notify"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/tracing"
)

// A database that is away keeps a run from beginning. A process that stays tells it once; one
// from cron, which cannot note that it did, tells nobody.
func TestRunThatCannotBeginIsTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stays bool
		want  int
	}{"a process that stays": {true, 1}, "cron": {false, 0}} {
		pool, err := postgres.Open(t.Context(), secret.New(pgtest.New(t)), 2)
		if err != nil {
			t.Fatal(err)
		}
		pool.Close()
		chat := newSwitch()
		t.Cleanup(chat.Close)
		sender, err := notify.New(secret.New("generic+" + chat.URL + "/chat"))
		if err != nil {
			t.Fatal(err)
		}
		j := &job{
			shell: &shell{ctx: t.Context()}, jobOf: jobOf{api: &apiFlags{}}, logger: discardLogger, pool: pool,
			monitor: &monitor{
				logger: discardLogger, kind: model.KindRun, metrics: metrics.New("a", "test"), tracing: tracing.Start(t.Context(), "test", discardLogger),
				alarm: &alarm{sender: sender, logger: discardLogger, stays: c.stays},
			},
		}
		for range 3 {
			if _, err := j.run(t.Context(), pipeline.Plan{Kind: model.KindRun}); err == nil {
				t.Fatal("a run without a database succeeded")
			}
		}
		chat.mu.Lock()
		if len(chat.pings) != c.want {
			t.Errorf("%s sends %d messages, want %d: %q", name, len(chat.pings), c.want, chat.pings)
		}
		chat.mu.Unlock()
	}
}
