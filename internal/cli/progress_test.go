package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/pipeline"
)

func TestBarTellsRateAndRemainingTime(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := barOn(&out, "backfill", 0)
	b.show(pipeline.Progress{Share: 0.25, Sessions: 12, Took: 6 * time.Second, Left: 18 * time.Second})
	b.close()
	for _, want := range []string{"12 sessions", "2.0/s", "18s left", "24%"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q does not tell %q", out.String(), want)
		}
	}
}
