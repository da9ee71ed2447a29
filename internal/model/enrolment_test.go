package model_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

func TestParseDay(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for raw, want := range map[string]struct {
		day    time.Time
		mended bool
		bad    bool
	}{
		"2026-11-20T00:00:00.000Z":  {day: day},
		"2026-11-20":                {day: day},
		"2026-11-20 00:00:00":       {day: day, mended: true},
		"2026-11-20T00:00:00+05:30": {day: day, mended: true}, // the date as written
		"2026-11-20T13:00:00Z":      {day: day, mended: true},
		"2026-11-31":                {bad: true},
		"20.11.2026":                {bad: true},
		"0001-01-01":                {bad: true},
		"0001-01-01T00:00:00Z":      {bad: true},
		"null":                      {bad: true},
		"":                          {bad: true},
	} {
		got, mended, err := model.ParseDay(raw)
		if !got.Equal(want.day) || mended != want.mended || (err != nil) != want.bad {
			t.Errorf("ParseDay(%q) = %v, %v, %v", raw, got, mended, err)
		}
	}
}

// That nobody is enrolled is believed where the API announces it or has said it
// before; what does not add up is told first.
func TestDoubtOfAnEmptyEnrolment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		e    model.Enrolment
		want string
	}{
		"somebody":        {model.Enrolment{Pass: model.Pass{Announced: -1, Distinct: 1}}, ""},
		"announced empty": {model.Enrolment{Pass: model.Pass{Announced: 0}}, ""},
		"empty":           {model.Enrolment{Empty: true, Pass: model.Pass{Announced: -1}}, "announces no count"},
		"empty again":     {model.Enrolment{Empty: true, Meeting: model.DueMeeting{WasEmpty: true}, Pass: model.Pass{Announced: -1}}, ""},
		"too few":         {model.Enrolment{Pass: model.Pass{Announced: 3, Distinct: 2}}, "announced 3"},
	} {
		if got := c.e.Doubt(); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: doubt %q, want %q", name, got, c.want)
		}
	}
}

// Only a full reading may say that somebody is enrolled no more.
func TestFullEnrolment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		e    model.Enrolment
		want bool
	}{
		"as announced":       {model.Enrolment{Pass: model.Pass{Announced: 2, Distinct: 2}}, true},
		"announced empty":    {model.Enrolment{Pass: model.Pass{Announced: 0}}, true},
		"no announcement":    {model.Enrolment{Pass: model.Pass{Announced: -1, Distinct: 2}}, true},
		"empty, unannounced": {model.Enrolment{Pass: model.Pass{Announced: -1}}, false},
		"too few":            {model.Enrolment{Pass: model.Pass{Announced: 3, Distinct: 2}}, false},
		"gone":               {model.Enrolment{Absence: model.Missed, Pass: model.Pass{Announced: 0}}, false},
		"failed":             {model.Enrolment{Failure: "x", Pass: model.Pass{Announced: 0}}, false},
	} {
		if got := c.e.Full(); got != c.want {
			t.Errorf("%s: full is %v", name, got)
		}
	}
}
