package privacy_test

import (
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/privacy"
)

// customs gives custom ids.
func customs(ids ...string) (of []privacy.Identifier) {
	for _, id := range ids {
		of = append(of, privacy.Identifier{Kind: privacy.CustomID, Text: id})
	}
	return of
}

func TestWordsAreFoundWhole(t *testing.T) {
	t.Parallel()
	words := privacy.NewWords(customs("short", "student-1", "student-1-b", "Zoë-Müller"))
	for text, want := range map[string]string{
		"student-1":                                "[erased]",
		"a student-1, student-1. (student-1)":      "a [erased], [erased]. ([erased])",
		"student-12 xstudent-1 student-1@b.c":      "student-12 xstudent-1 student-1@b.c",
		"student-1-b and student-1-c, x.student-1": "[erased] and student-1-c, x.student-1",
		"student-1student-1":                       "student-1student-1",
		"-student-1-":                              "-[erased]-",
		"short":                                    "short",
		"éstudent-1 Zoë-Müller":                    "éstudent-1 [erased]",
		"":                                         "",
	} {
		got, changed := words.Mask(text)
		if got != want || changed != (got != text) {
			t.Errorf("%q became %q, %t; want %q", text, got, changed, want)
		}
	}
	raw := `{"student-1":["student-1",{"x":"with student-1"}],"n":12345678}`
	if got, _ := privacy.NewWords(customs("student-1", "12345678")).MaskJSON(raw); got != `{"[erased]":["[erased]",{"x":"with [erased]"}],"n":"[erased]"}` {
		t.Errorf("got %s", got)
	}
	if got, _ := words.MaskJSON(`{"custom_participant_id":"short","user_id":"short","a":"short"}`); got != `{"custom_participant_id":"[erased]","user_id":"short","a":"short"}` {
		t.Errorf("got %s", got)
	}
	const id = "aaaaaaaa-0000-4000-8000-00000000000B"
	if got, _ := privacy.NewWords(customs(id)).Mask(strings.ToLower(id) + " " + strings.ToUpper(id)); got != "[erased] [erased]" {
		t.Errorf("got %s", got)
	}
	if got, changed := words.MaskJSON(`{"a":1`); changed || got != `{"a":1` {
		t.Errorf("got %s, %t", got, changed)
	}
}
