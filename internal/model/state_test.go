package model_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/model"
)

func session() model.Session {
	number := func(v float64) model.Number { return model.Number{Value: v, Valid: true} }
	return model.Session{
		AppID: "app", MeetingID: "room", MeetingTitle: "Algebra", Type: "meeting", Status: model.StatusLive,
		LiveParticipants: number(1), MaxConcurrent: number(2), MinutesConsumed: number(3.5),
		StartedAt: utc(2026, 1, 2, 3, 4, 5, 6), CreatedAt: utc(2026, 1, 2, 3, 4, 5, 0), UpdatedAt: utc(2026, 1, 2, 3, 9, 0, 0),
	}
}

// A change that the digest misses is a session that is never read again.
func TestFingerprintChangesWithEveryFieldOfTheList(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*model.Session){
		"nothing":            func(*model.Session) {},
		"app":                func(s *model.Session) { s.AppID = "other" },
		"text moved":         func(s *model.Session) { s.AppID, s.MeetingID = "appr", "oom" },
		"title":              func(s *model.Session) { s.MeetingTitle = "" },
		"type":               func(s *model.Session) { s.Type = "livestream" },
		"status":             func(s *model.Session) { s.Status = model.StatusEnded },
		"live":               func(s *model.Session) { s.LiveParticipants.Value = 0 },
		"live unknown":       func(s *model.Session) { s.LiveParticipants = model.Number{} },
		"most unknown":       func(s *model.Session) { s.MaxConcurrent = model.Number{} },
		"minutes":            func(s *model.Session) { s.MinutesConsumed.Value += 1e-9 },
		"start":              func(s *model.Session) { s.StartedAt = s.StartedAt.Add(time.Microsecond) },
		"end":                func(s *model.Session) { s.EndedAt = s.UpdatedAt },
		"creation":           func(s *model.Session) { s.CreatedAt = time.Time{} },
		"update":             func(s *model.Session) { s.UpdatedAt = s.UpdatedAt.Add(time.Microsecond) },
		"times changed over": func(s *model.Session) { s.StartedAt, s.CreatedAt = s.CreatedAt, s.StartedAt },
		"extra":              func(s *model.Session) { s.Extra = []byte(`{"meta":1}`) },
		"repairs":            func(s *model.Session) { s.Repairs = model.Repairs{"ended_at": "null"} },
	}
	seen := map[string]string{}
	for name, change := range changes {
		s := session()
		change(&s)
		print := string(s.Fingerprint())
		if len(print) != 16 {
			t.Errorf("%s: %d bytes", name, len(print))
		}
		if other, again := seen[print]; again {
			t.Errorf("%s and %s have the same fingerprint", name, other)
		}
		seen[print] = name
	}
	first, again := session(), session()
	again.StartedAt = again.StartedAt.In(time.FixedZone("", 3600))
	if diff := cmp.Diff(first.Fingerprint(), again.Fingerprint()); diff != "" {
		t.Errorf("the same session has two fingerprints: %s", diff)
	}
}

func TestRepairsAreJSONOrNothing(t *testing.T) {
	t.Parallel()
	for _, empty := range []model.Repairs{nil, {}} {
		if got := empty.JSON(); got != nil {
			t.Errorf("no repairs gave %q", got)
		}
	}
	want := model.Repairs{"b": "<&>\"\\ \u2028", "a": `x\u0000`}
	var got model.Repairs
	if err := json.Unmarshal(want.JSON(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSettleWindowCountsFromTheBestKnownTime(t *testing.T) {
	t.Parallel()
	end, update, start, creation := utc(2026, 1, 4, 0, 0, 0, 0), utc(2026, 1, 3, 0, 0, 0, 0), utc(2026, 1, 2, 0, 0, 0, 0), utc(2026, 1, 1, 0, 0, 0, 0)
	s := model.Session{EndedAt: end, UpdatedAt: update, StartedAt: start, CreatedAt: creation}
	for _, want := range []time.Time{end, update, start, creation} {
		if got := s.LastChange(); !got.Equal(want) {
			t.Errorf("LastChange = %v, want %v", got, want)
		}
		switch want {
		case end:
			s.EndedAt = time.Time{}
		case update:
			s.UpdatedAt = time.Time{}
		case start:
			s.StartedAt = time.Time{}
		}
	}
}

// A pass that lost records must not look like success (airbytehq/airbyte#76465).
func TestPassIsSoundOnlyIfItAddsUp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pass  model.Pass
		sound bool
		doubt string
	}{
		{model.Pass{Announced: 3, Distinct: 3}, true, ""},
		{model.Pass{Announced: 3, Distinct: 3, Duplicates: 2}, true, ""},
		{model.Pass{Announced: -1, Distinct: 3}, true, ""},
		{model.Pass{Announced: 0, Distinct: 0}, true, ""},
		{model.Pass{Announced: 3, Distinct: 2}, false, "the API announced 3 records and gave 2 different ones"},
		{model.Pass{Announced: 0, Distinct: 1}, false, "the API announced 0 records and gave 1 different one"},
		{model.Pass{Announced: 3, Distinct: 3, Problem: "shifted"}, false, "shifted"},
	}
	for _, tt := range tests {
		if tt.pass.Sound() != tt.sound || tt.pass.Doubt() != tt.doubt {
			t.Errorf("%+v: sound %v, doubt %q", tt.pass, tt.pass.Sound(), tt.pass.Doubt())
		}
	}
}

func TestCountsAddUp(t *testing.T) {
	t.Parallel()
	a := model.RowCounts{Read: 1, Inserted: 2, Updated: 3, Unchanged: 4, Repaired: 5, Rejected: 6, Repeated: 7}
	a.Add(model.RowCounts{Read: 10, Inserted: 20, Updated: 30, Unchanged: 40, Repaired: 50, Rejected: 60, Repeated: 70})
	if want := (model.RowCounts{Read: 11, Inserted: 22, Updated: 33, Unchanged: 44, Repaired: 55, Rejected: 66, Repeated: 77}); a != want {
		t.Errorf("%+v, want %+v", a, want)
	}
	if got := (model.RunTotals{Complete: 1, Live: 2, Incomplete: 4, Failed: 8}).SessionsRead(); got != 7 {
		t.Errorf("SessionsRead = %d, want 7", got)
	}
	reason := &model.RejectedError{Record: model.Rejected{Entity: model.EntitySession, Key: "k", Reason: "r"}}
	if reason.Error() != "session k was set aside: r" {
		t.Errorf("%q", reason.Error())
	}
}
