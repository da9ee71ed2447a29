package model_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// FuzzParseTime: what comes out is a microsecond in UTC that, written plainly,
// comes out again without a repair.
func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{
		"2026-11-20T15:00:03.120Z", `2023-02-01T10:50:36.846Z"`, "2022-12-13 07:08:39.051621Z", "null", "",
		"9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "2026-11-20T15:00:03,5+0530", "2026-11-20T5:00:03.123456789Z",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, mended, err := model.ParseTime(raw)
		if err != nil {
			if !utf8.ValidString(err.Error()) || strings.ContainsRune(err.Error(), 0) {
				t.Errorf("ParseTime(%q): the error cannot be stored: %q", raw, err)
			}
			return
		}
		if got.IsZero() {
			if mended != (raw != "") {
				t.Errorf("ParseTime(%q): no value, mended %v", raw, mended)
			}
			return
		}
		if got.Location() != time.UTC || got.Nanosecond()%1000 != 0 {
			t.Fatalf("ParseTime(%q) = %v", raw, got)
		}
		text := got.Format("2006-01-02T15:04:05.999999Z07:00")
		again, mendedAgain, err := model.ParseTime(text)
		if err != nil || mendedAgain || !again.Equal(got) {
			t.Errorf("ParseTime(%q) = %s, which parses as %v, %v, %v", raw, text, again, mendedAgain, err)
		}
		if !mended && shortest(raw) != shortest(text) {
			t.Errorf("ParseTime(%q) = %s without a repair", raw, text)
		}
	})
}

// shortest drops the zone and the zeros that end a fraction.
func shortest(plain string) string {
	plain = strings.TrimSuffix(strings.TrimSuffix(plain, "Z"), "+00:00")
	if !strings.Contains(plain, ".") {
		return plain
	}
	return strings.TrimRight(strings.TrimRight(plain, "0"), ".")
}

func FuzzParseUUID(f *testing.F) {
	f.Add("01234567-89ab-cdef-0123-456789abcdef")
	f.Add("01234567-89AB-CDEF-0123-456789ABCDEF")
	f.Add("")
	f.Fuzz(func(t *testing.T, raw string) {
		id, err := model.ParseUUID(raw)
		if (err == nil) != (err == nil && strings.EqualFold(id.String(), raw)) {
			t.Errorf("ParseUUID(%q) = %v", raw, id)
		}
	})
}
