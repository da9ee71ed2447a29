package model_test

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/model"
)

func utc(year int, month time.Month, day, hour, minute, second, micro int) time.Time {
	return time.Date(year, month, day, hour, minute, second, micro*1000, time.UTC)
}

// The vendor's own sample ends a timestamp in a stray quote. Zones must never
// shift a time (ConduitIO/conduit-connector-postgres#302, bytebase/dbhub#416).
func TestParseTimeMendsWhatTheVendorWrites(t *testing.T) {
	t.Parallel()
	tests := []struct {
		raw    string
		want   time.Time
		mended bool
	}{
		{"", time.Time{}, false},
		{"null", time.Time{}, true},
		{`"null"`, time.Time{}, true},
		{"  ", time.Time{}, true},
		{"0001-01-01T00:00:00Z", time.Time{}, true},
		{"2026-11-20T15:00:03Z", utc(2026, 11, 20, 15, 0, 3, 0), false},
		{"2024-02-29T15:00:03Z", utc(2024, 2, 29, 15, 0, 3, 0), false},
		{"2026-12-31T15:00:03.5Z", utc(2026, 12, 31, 15, 0, 3, 500_000), false},
		{"2026-11-20T15:00:03.1Z", utc(2026, 11, 20, 15, 0, 3, 100_000), false},
		{"2026-11-20T15:00:03.12Z", utc(2026, 11, 20, 15, 0, 3, 120_000), false},
		{"2026-11-20T15:00:03.123456Z", utc(2026, 11, 20, 15, 0, 3, 123_456), false},
		{"2026-11-20T15:00:03.123456000Z", utc(2026, 11, 20, 15, 0, 3, 123_456), false},
		{"2026-11-20T15:00:03.123456789Z", utc(2026, 11, 20, 15, 0, 3, 123_456), true},
		{`2023-02-01T10:50:36.846Z"`, utc(2023, 2, 1, 10, 50, 36, 846_000), true},
		{` '2023-02-01T10:50:36.846Z' `, utc(2023, 2, 1, 10, 50, 36, 846_000), true},
		{"2022-12-13 07:08:39.051621Z", utc(2022, 12, 13, 7, 8, 39, 51_621), true},
		{"2022-12-13 07:08:39.051621+00", utc(2022, 12, 13, 7, 8, 39, 51_621), true},
		{"2022-12-13T07:08:39+05", utc(2022, 12, 13, 2, 8, 39, 0), true},
		{"2022-12-13T07:08:39.5+0530", utc(2022, 12, 13, 1, 38, 39, 500_000), true},
		{"2022-12-13T07:08:39-08:00", utc(2022, 12, 13, 15, 8, 39, 0), true},
		{"2022-12-13T07:08:39+00:00", utc(2022, 12, 13, 7, 8, 39, 0), false},
		{"2022-12-13T07:08:39", utc(2022, 12, 13, 7, 8, 39, 0), true},
		{"2022-12-13 07:08:39.5", utc(2022, 12, 13, 7, 8, 39, 500_000), true},
		{"2022-12-13T07:08:39,25Z", utc(2022, 12, 13, 7, 8, 39, 250_000), true},
		{"2022-12-13T7:08:39.25Z", utc(2022, 12, 13, 7, 8, 39, 250_000), true},
		{"1969-12-31T23:59:59.9999999Z", utc(1969, 12, 31, 23, 59, 59, 999_999), true},
	}
	for _, tt := range tests {
		got, mended, err := model.ParseTime(tt.raw)
		if err != nil || !got.Equal(tt.want) || mended != tt.mended || got.Location() != time.UTC {
			t.Errorf("ParseTime(%q) = %v, %v, %v; want %v, %v", tt.raw, got, mended, err, tt.want, tt.mended)
		}
	}
}

func TestParseTimeRefusesWhatIsNoTime(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"yesterday", "1700000000", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-02-30T00:00:00Z",
		"2026-11-31T00:00:00Z", "2026-10-32T00:00:00Z", "2026-10-99T00:00:00Z", "2026-11-20", "15:00:03Z",
		"2026-11-20T25:00:00Z", "2026-11-20T15:00:03ZZ", "0000-01-01T00:00:00Z", "-001-01-01T00:00:00Z",
		"9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "2026-11-20T15:00:03Z\x00", strings.Repeat("9", 10_000),
	} {
		got, _, err := model.ParseTime(raw)
		if err == nil {
			t.Errorf("ParseTime(%.40q) = %v, want an error", raw, got)
		} else if len(err.Error()) > 400 || !utf8.ValidString(err.Error()) {
			t.Errorf("ParseTime(%.40q): error of %d bytes: %.200q", raw, len(err.Error()), err)
		}
	}
}

func TestParseNumberAndCount(t *testing.T) {
	t.Parallel()
	tests := []struct {
		raw          string
		number       float64
		noNumber     bool
		count        float64
		notEvenCount bool
	}{
		{"0", 0, false, 0, false},
		{"5.8097", 5.8097, false, 0, true},
		{"-3", -3, false, -3, false},
		{"3.0", 3, false, 3, false},
		{" 7 ", 7, false, 7, false},
		{"1e2", 100, false, 100, false},
		{"9007199254740992", 1 << 53, false, 1 << 53, false},
		{"9007199254740994", 1<<53 + 2, false, 0, true},
		{"-1e100", -1e100, false, 0, true},
		{"1.01e100", 0, true, 0, true},
		{"1e309", 0, true, 0, true},
		{"-1e-101", 0, false, 0, false},
		{"NaN", 0, true, 0, true},
		{"Inf", 0, true, 0, true},
		{"0x10", 0, true, 0, true},
		{"1_000", 0, true, 0, true},
		{"1,5", 0, true, 0, true},
		{"", 0, true, 0, true},
		{"--1", 0, true, 0, true},
		{"true", 0, true, 0, true},
	}
	for _, tt := range tests {
		n, err := model.ParseNumber(tt.raw)
		if (err != nil) != tt.noNumber || n != (model.Number{Value: tt.number, Valid: !tt.noNumber}) {
			t.Errorf("ParseNumber(%q) = %v, %v", tt.raw, n, err)
		}
		c, err := model.ParseCount(tt.raw)
		if (err != nil) != tt.notEvenCount || c != (model.Number{Value: tt.count, Valid: !tt.notEvenCount}) {
			t.Errorf("ParseCount(%q) = %v, %v", tt.raw, c, err)
		}
	}
	if n, err := model.ParseNumber("1e-400"); err != nil || n.Value != 0 || math.Signbit(n.Value) {
		t.Errorf("ParseNumber(1e-400) = %v, %v", n, err)
	}
}

// One bad byte must not send a whole batch back for ever (redpanda-data/connect#415).
func TestTextsBecomeWhatPostgresAccepts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		raw, clean string
		mended     bool
		visible    string
	}{
		{"", "", false, ""},
		{"Tomás 👩‍🏫", "Tomás 👩‍🏫", false, "Tomás 👩‍🏫"},
		{"a\x00b", "a\uFFFDb", true, `a\u0000b`},
		{"a\xffb", "a\uFFFDb", true, `a\xffb`},
		{"\xed\xa0\x80", "\uFFFD", true, `\xed\xa0\x80`},
		{"é"[:1] + "\x00", "\uFFFD\uFFFD", true, `\xc3\u0000`},
		{"\uFFFD", "\uFFFD", false, "\uFFFD"},
		{"tab\tnew\nline", "tab\tnew\nline", false, "tab\tnew\nline"},
	}
	for _, tt := range tests {
		clean, mended := model.CleanText(tt.raw)
		if clean != tt.clean || mended != tt.mended {
			t.Errorf("CleanText(%q) = %q, %v; want %q, %v", tt.raw, clean, mended, tt.clean, tt.mended)
		}
		if visible := model.VisibleText(tt.raw); visible != tt.visible {
			t.Errorf("VisibleText(%q) = %q, want %q", tt.raw, visible, tt.visible)
		}
	}
}

func TestIdentifiersThatNoIndexCanHoldAreRefused(t *testing.T) {
	t.Parallel()
	if err := model.CheckIdentifier(strings.Repeat("x", model.MaxIdentifierBytes)); err != nil {
		t.Errorf("an identifier of the greatest length: %v", err)
	}
	if err := model.CheckIdentifier(strings.Repeat("ß", model.MaxIdentifierBytes/2) + "x"); err == nil {
		t.Error("an identifier that is a byte too long was accepted")
	} else if !utf8.ValidString(err.Error()) {
		t.Errorf("the error is not UTF-8: %q", err)
	}
}

func TestParseUUID(t *testing.T) {
	t.Parallel()
	const text = "01234567-89ab-cdef-0123-456789abcdef"
	want := model.UUID{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}
	for _, form := range []string{text, strings.ToUpper(text)} {
		got, err := model.ParseUUID(form)
		if diff := cmp.Diff(want, got); err != nil || diff != "" || got.String() != text || got.IsZero() {
			t.Errorf("ParseUUID(%q) = %v, %v", form, got, err)
		}
	}
	for _, bad := range []string{
		"", "null", text[:35], text + "0", "{" + text + "}", strings.ReplaceAll(text, "-", ""),
		"0123456g-89ab-cdef-0123-456789abcdef", "012345678-9ab-cdef-0123-456789abcdef",
		"01234567-89ab-cdef-0123-456789abcde-", "01234567-89ab-cdef-0123--------------"[:36], "-1234567-89ab-cdef-0123-456789abcdef",
		"01234567-89ab-cdef-0123-4567-89abcde", "01234567-89ab-cdef-0123-45678\xff\x00abcde"[:36], strings.Repeat("é", 18),
	} {
		got, err := model.ParseUUID(bad)
		if err == nil || !got.IsZero() {
			t.Errorf("ParseUUID(%q) = %v, want an error", bad, got)
		} else if !utf8.ValidString(err.Error()) {
			t.Errorf("ParseUUID(%q): the error is not UTF-8", bad)
		}
	}
}
