package pipeline

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// A backfill of ten years, open to the end, in two apps: ten empty years that take no
// time, then sessions in the last month that take a second each. The time that is left
// is told in the last app only, and is about right.
func TestTimeLeftOfAnOpenRange(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	p := &progress{kind: model.KindBackfill, logger: slog.New(slog.NewTextHandler(&log, nil)), now: func() time.Time { return now }, began: now}
	const sessions = 100
	for app := range 2 {
		p.app(app, 2)
		p.chunk(t.Context(), 0.001)
		if app == 0 && !strings.Contains(log.String(), "percent=0.1 ") {
			t.Errorf("the log is %s", &log)
		}
		p.reached(0.99)
		for i := 1; i <= sessions; i++ {
			now = now.Add(time.Second)
			p.stored(model.RowCounts{})
			p.reached(0.99 + 0.01*float64(i)/sessions)
			left, want := p.last.Left, time.Duration(sessions-i)*time.Second
			switch {
			case app == 0 && left != 0:
				t.Fatalf("%s are left, told in the first app", left)
			case app == 1 && i > 10 && (left > want*5/4+time.Second || left < want*3/4-time.Second):
				t.Fatalf("%s are left after %d sessions, want about %s", left, i, want)
			}
		}
	}
	p.chunk(t.Context(), 1)
	if text := log.String(); !strings.Contains(text, `app="2 of 2"`) || strings.Contains(text, "seconds_left") {
		t.Errorf("the log is %s", text)
	}
}
