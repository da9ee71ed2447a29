package optional_test

import (
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// aside sets records of an app aside, each by itself.
func (b *bench) aside(entity string, keys ...string) {
	b.Helper()
	for _, key := range keys {
		r := model.Rejected{Entity: entity, AppID: "app", Key: key, Reason: "r", Raw: "{}"}
		if _, err := b.Store.SetAside(b.Context(), b.Run, []model.Rejected{r}); err != nil {
			b.Fatal(err)
		}
	}
}

// A worker makes the optional reads again and again in one run: a later reading closes
// what it did not set aside again.
func TestALaterReadingOfTheSameRunResolves(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.aside(model.EntityDailyStats, "2026-03-02T00:00:00Z", "2026-03-03")
	b.aside(model.EntityMeeting, "room", "elsewhere")
	b.aside(model.EntityMeetingParticipant, "room/1", "room/2", "elsewhere/1")
	if err := b.optional.ResolveDays(t.Context(), "app", testbed.T0.AddDate(-10, 0, 0), []string{"2026-03-03"}); err != nil {
		t.Fatal(err)
	}
	b.ended(model.Enrolment{Aside: []string{"room", "room/1"}})
	const open = `SELECT string_agg(record_key, ' ' ORDER BY entity, record_key) FROM sync.rejected_records WHERE resolved_at IS NULL`
	if got := b.Text(open); got != "2026-03-03 elsewhere room elsewhere/1 room/1" {
		t.Errorf("open: %s", got)
	}
	b.ended(model.Enrolment{})
	if got := b.Text(open); got != "2026-03-03 elsewhere elsewhere/1" {
		t.Errorf("when nothing was set aside again, open: %s", got)
	}
}

// ended closes a full reading of the enrolment of a meeting.
func (b *bench) ended(e model.Enrolment) {
	b.Helper()
	e.AppID, e.Meeting.ID, e.Announced = "app", "room", 0
	if _, err := b.optional.EndEnrolment(b.Context(), b.Run, e); err != nil {
		b.Fatal(err)
	}
}
