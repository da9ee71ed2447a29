package pipeline_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

var daywise = pipeline.Plan{Kind: model.KindRun, Optional: pipeline.Optional{Daywise: true}}

// asked gives the queries for days since the last reset, an empty one as "-".
func (r *rig) asked() string {
	var all []string
	for _, request := range r.sim.Requests() {
		if strings.HasSuffix(request.Path, "/analytics/daywise") {
			all = append(all, strings.NewReplacer("start_date=", "", "end_date=", "").Replace(request.Query)+"-")
		}
	}
	return strings.Join(all, " ")
}

func TestDaysInEitherForm(t *testing.T) {
	t.Parallel()
	for _, dialect := range []simulator.Dialect{{}, {DateOnlyDays: true}, {FloatCounts: true}, {SpaceTimes: true}} {
		r := newRig(t, rooms())
		r.sim.SetDialect(dialect)
		r.must(daywise, model.RunSucceeded)
		if got := r.text(`SELECT string_agg(DISTINCT status, ' ') FROM analytics.reconciliation`); got != "agrees" {
			t.Errorf("%+v: days %s, want all to agree", dialect, got)
		}
	}
}

func TestDifferenceIsShown(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(2, at))
	r.sim.SetDialect(simulator.Dialect{DaywiseOff: true})
	r.must(daywise, model.RunSucceeded)
	if got := r.number(`SELECT count(*) FROM analytics.reconciliation WHERE status = 'differs' AND sessions_difference = -1 AND minutes_difference = 0`); got != 3 {
		t.Errorf("%d days differ, want one in each of 3 apps", got)
	}
}

// An answer that is not understood says nothing of any day: it is a failure, tried
// again by the next run, and not a day without sessions.
func TestDaysThatAreNotUnderstoodAreNotZero(t *testing.T) {
	t.Parallel()
	for _, data := range []string{`{}`, `{"session_stats":null}`, `{"sessionStats":{"dayStats":[]}}`} {
		r := newRig(t, rooms())
		r.extract.RetryFor = 0
		r.sim.Script(simulator.Fault{Path: "*/analytics/daywise", Answer: simulator.Reply(http.StatusOK, nil, `{"success":true,"data":`+data+`}`)})
		r.must(daywise, model.RunPartial)
		if got := r.text(`SELECT string_agg(DISTINCT status, ' ') FROM analytics.reconciliation`); got != "not_read" {
			t.Errorf("%s: days %s, want all not read", data, got)
		}
		if got := r.text(`SELECT last_error FROM sync.endpoint_states WHERE endpoint = 'daywise'`); !strings.Contains(got, "session_stats.day_stats") {
			t.Errorf("%s: the reason is %q", data, got)
		}
		r.sim.Script()
		r.must(daywise, model.RunSucceeded)
		if got := r.text(`SELECT string_agg(DISTINCT status, ' ') FROM analytics.reconciliation`); got != "agrees" {
			t.Errorf("%s: the next run leaves days %s, want all to agree", data, got)
		}
	}
}

// No days in the list is an answer.
func TestNoDaysAreAnAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, rooms())
	r.sim.Script(simulator.Fault{Path: "*/analytics/daywise", Answer: simulator.Reply(http.StatusOK, nil, `{"success":true,"data":{"session_stats":{"day_stats":[]}}}`)})
	r.must(daywise, model.RunSucceeded)
	if got := r.number(`SELECT count(*) FROM analytics.reconciliation WHERE status = 'not_read'`); got != 0 {
		t.Errorf("%d days are not read, want none", got)
	}
}

// History older than the API's own range is asked for once, not in each run; a
// server that refuses the range is believed.
func TestHistoryIsAskedForOnce(t *testing.T) {
	t.Parallel()
	for name, refuses := range map[string]bool{"range is answered": false, "range is refused": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 3, Participants: 2, EventsPerParticipant: 3}, 3, at)
			old := data.Apps[0].Sessions[0]
			first := at.AddDate(0, 0, -100)
			old.CreatedAt, old.StartedAt, old.EndedAt, old.UpdatedAt = first, first, first.Add(time.Hour), first.Add(time.Hour)
			r := newRig(t, data)
			now := at
			r.config.Now = func() time.Time { return now }
			if refuses {
				r.sim.Script(simulator.Fault{Path: "*/analytics/daywise?*start_date*", Answer: simulator.KitError(http.StatusBadRequest, "range too long")})
			}
			r.must(daywise, model.RunSucceeded)
			want := at.Format(time.DateOnly) + "&" + first.Format(time.DateOnly) + "-"
			oldStatus := "agrees"
			if refuses {
				want += " -"
				oldStatus = "not_read"
			}
			if got := r.asked(); got != want {
				t.Errorf("asked %q, want %q", got, want)
			}
			if got := r.text(`SELECT status FROM analytics.reconciliation ORDER BY stats_date LIMIT 1`); got != oldStatus {
				t.Errorf("the old day is %s, want %s", got, oldStatus)
			}
			// No session changes: nothing is asked, then the API's own range.
			for _, later := range []struct {
				pause time.Duration
				want  string
			}{{5 * time.Hour, ""}, {6 * time.Hour, "-"}} {
				r.sim.Reset()
				now = at.Add(later.pause)
				r.must(daywise, model.RunSucceeded)
				if got := r.asked(); got != later.want {
					t.Errorf("%s later asked %q, want %q", later.pause, got, later.want)
				}
			}
			// After a long pause the days in between are named.
			r.sim.Reset()
			now = at.AddDate(0, 0, 40)
			r.must(daywise, model.RunSucceeded)
			gap := now.Format(time.DateOnly) + "&" + at.AddDate(0, 0, -1).Format(time.DateOnly) + "-"
			if got := r.asked(); !strings.HasPrefix(got, gap) {
				t.Errorf("after 40 days asked %q, want %q", got, gap)
			}
		})
	}
}

// A day that could not be used is open until an answer that reaches back to it,
// and is not one without sessions. A record that names no day is open until
// everything was asked for again.
func TestRejectedDaysStayOpenUntilTheyAreAskedForAgain(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 3, Participants: 2, EventsPerParticipant: 3}, 3, at)
	old, recent := data.Apps[0].Sessions[0], data.Apps[0].Sessions[2].StartedAt
	first := at.AddDate(0, 0, -100)
	old.CreatedAt, old.StartedAt, old.EndedAt, old.UpdatedAt = first, first, first.Add(time.Hour), first.Add(time.Hour)
	r := newRig(t, data)
	now := at
	r.config.Now = func() time.Time { return now }
	bad := ""
	for _, day := range []string{first.Format(time.DateOnly), recent.Format(time.RFC3339), "some day"} {
		bad += `,{"day":"` + day + `","total_sessions":"many","total_session_minutes":3}`
	}
	r.sim.Script(simulator.Fault{Path: "*/analytics/daywise", Answer: simulator.Reply(http.StatusOK, http.Header{"Content-Type": {"application/json"}},
		`{"success":true,"data":{"session_stats":{"day_stats":[`+bad[1:]+`]}}}`)})
	r.must(daywise, model.RunPartial)
	r.sim.Script()
	const open = `SELECT string_agg(left(record_key, 10), ' ' ORDER BY record_key) FROM sync.rejected_records WHERE resolved_at IS NULL`
	oldDay := first.Format(time.DateOnly)
	for _, step := range []struct{ name, forget, open, status string }{
		{"the last 30 days", "", oldDay + " some day", "not_read"},
		{"all days", `UPDATE sync.endpoint_states SET asked_from = NULL, covered_from = NULL`, "<null>", "agrees"},
	} {
		now = now.Add(7 * time.Hour)
		if _, err := r.pool.Exec(t.Context(), step.forget); err != nil {
			t.Fatal(err)
		}
		r.must(daywise, model.RunSucceeded)
		if got := r.text(open); got != step.open {
			t.Errorf("after %s open: %s, want %s", step.name, got, step.open)
		}
		if got := r.text(`SELECT status FROM analytics.reconciliation WHERE stats_date = $1`, first); got != step.status {
			t.Errorf("after %s the old day is %s, want %s", step.name, got, step.status)
		}
		if got := r.text(`SELECT status FROM analytics.reconciliation WHERE stats_date = $1`, recent); got != "agrees" {
			t.Errorf("after %s the recent day is %s", step.name, got)
		}
	}
}
