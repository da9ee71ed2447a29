package when_test

import (
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/when"
)

func TestDurations(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"3d": 72 * time.Hour, "2w": 14 * 24 * time.Hour, "1w2d": 9 * 24 * time.Hour, "1d12h": 36 * time.Hour,
		"36h": 36 * time.Hour, "1h30m": 90 * time.Minute, "90s": 90 * time.Second, "0": 0, "-1h": -time.Hour, "-2d": -48 * time.Hour,
	} {
		if got, err := when.Duration(text); err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "3", "d", "3x", "2d1w", "--1h", "-+1h", "3d-1h", "1.5d", "200000d", "99999999999999999999d", "106751d24h", "15250w99999999h"} {
		if got, err := when.Duration(text); err == nil {
			t.Errorf("%q: %s, want an error", text, got)
		}
	}
}

func TestPoints(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 15, 10, 30, 20, 5, time.FixedZone("", 3600)) // 09:30:20 UTC
	for text, want := range map[string][2]string{
		"":                          {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
		"2026-01-31":                {"2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z"},
		"2026-01-31T09:00:00Z":      {"2026-01-31T09:00:00Z", "2026-01-31T09:00:00Z"},
		"2026-01-31T09:00:00+02:00": {"2026-01-31T07:00:00Z", "2026-01-31T07:00:00Z"},
		"today":                     {"2026-03-15T00:00:00Z", "2026-03-16T00:00:00Z"},
		"Yesterday":                 {"2026-03-14T00:00:00Z", "2026-03-15T00:00:00Z"},
		"3d":                        {"2026-03-12T00:00:00Z", "2026-03-13T00:00:00Z"},
		"2w":                        {"2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"},
		"36h":                       {"2026-03-13T21:30:20Z", "2026-03-13T21:30:20Z"},
		"1d12h":                     {"2026-03-13T21:30:20Z", "2026-03-13T21:30:20Z"},
	} {
		p, err := when.Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if from, to := p.Start(now).Format(time.RFC3339Nano), p.End(now).Format(time.RFC3339Nano); from != want[0] || to != want[1] {
			t.Errorf("%q: %s to %s, want %v", text, from, to, want)
		}
	}
	for _, text := range []string{" ", "2026-02-30", "2026-1-31", "31.01.2026", "tomorrow", "-3d", "3", "2026-01-31 09:00", "last week"} {
		if p, err := when.Parse(text); err == nil && !p.IsZero() {
			t.Errorf("%q: %v, want an error", text, p)
		}
	}
	for _, text := range []string{"36h", "2026-01-31T09:00:00Z", "x"} {
		if p, err := when.ParseDay(text); err == nil {
			t.Errorf("day %q: %v, want an error", text, p)
		}
	}
}
