package pipeline_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

var quality = pipeline.Plan{Kind: model.KindRun, Optional: pipeline.Optional{PeerReports: true}}

// lessons is one app with four settled sessions of five participants.
func lessons() *simulator.Data {
	return simulator.Generate(simulator.Size{Apps: 1, Sessions: 4, Participants: 5, EventsPerParticipant: 3}, 5, at)
}

func TestPeerReportsAreReadOnce(t *testing.T) {
	t.Parallel()
	for name, dialect := range map[string]simulator.Dialect{"nested": {}, "flat": {FlatPeerReport: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, lessons())
			r.sim.SetDialect(dialect)
			result := r.must(quality, model.RunSucceeded)
			if result.Optional.PeerReports != 20 || r.requests(simulator.RoutePeerReport) != 20 {
				t.Errorf("%+v after %d requests, want 20", result.Optional, r.requests(simulator.RoutePeerReport))
			}
			r.noSecrets(simulator.PlantedAddress)
			if got := r.number(`SELECT count(*) FROM realtimekit.peer_reports WHERE num_nulls(preset_name, os_name, browser_name, country,
				network_type, cpu_count, is_mobile, audio_sent_mos, audio_sent_rtt, audio_sent_jitter, audio_received_packet_loss,
				video_sent_packet_loss, video_received_mos, video_received_jitter_buffer_delay) > 0`); got != 0 {
				t.Errorf("%d reports lack a value", got)
			}
			if got := r.number(`SELECT count(*) FROM analytics.call_quality WHERE audio_sent_mos BETWEEN 3 AND 4.5 AND reports = 1`); got != 20 {
				t.Errorf("%d people in call_quality, want 20", got)
			}
			if got := r.number(`SELECT count(*) FROM sync.session_states WHERE peers_asked_at IS NULL`); got != 0 {
				t.Errorf("%d sessions will be looked at again", got)
			}
			before := r.optionalVersions()
			r.sim.Reset()
			r.must(quality, model.RunSucceeded)
			if got := r.requests(simulator.RoutePeerReport); got != 0 || r.optionalVersions() != before {
				t.Errorf("%d peers were asked for twice", got)
			}
		})
	}
}

func TestAddressesOnlyOnRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t, lessons())
	plan := quality
	plan.Optional.PeerAddresses = true
	r.must(plan, model.RunSucceeded)
	if got := r.number(`SELECT count(*) FROM realtimekit.peer_reports WHERE ip_address = $1`, simulator.PlantedAddress); got != 20 {
		t.Errorf("%d addresses stored", got)
	}
	r.noSecrets()
}

// The newest come first, and a run that is stopped goes on where it was.
func TestPeerReportsResume(t *testing.T) {
	t.Parallel()
	r := newRig(t, lessons())
	r.budget.MaxWait = 0
	r.sim.Script(simulator.Fault{Path: "*/peer-report/*", Nth: 8, Answer: simulator.RateLimited(time.Hour)})
	if _, err := r.run(t.Context(), quality); !pipeline.Resumable(err) {
		t.Fatal(err)
	}
	if got := r.text(`SELECT string_agg(n::text, ' ' ORDER BY ended_at DESC) FROM (
		SELECT ended_at, count(*) AS n FROM realtimekit.sessions JOIN realtimekit.peer_reports USING (session_id) GROUP BY 1) AS t`); got != "5 2" {
		t.Errorf("reports a session, newest first: %s, want 5 2", got)
	}
	r.sim.Script()
	if result := r.must(quality, model.RunSucceeded); result.Optional.PeersAsked != 13 {
		t.Errorf("then asked %d peers, want the other 13", result.Optional.PeersAsked)
	}
}

// Neither beyond the vendor's retention, nor while the session may go on.
func TestOnlySettledSessionsWithinRetention(t *testing.T) {
	t.Parallel()
	data := lessons()
	old, young := data.Apps[0].Sessions[0], data.Apps[0].Sessions[3]
	long := at.AddDate(0, -7, 0)
	old.CreatedAt, old.StartedAt, old.EndedAt, old.UpdatedAt = long, long, long.Add(time.Hour), long.Add(time.Hour)
	young.EndedAt = at.Add(-10 * time.Minute)
	r := newRig(t, data)
	now := at
	r.config.Now = func() time.Time { return now }
	if result := r.must(quality, model.RunSucceeded); result.Optional.PeersAsked != 10 {
		t.Errorf("asked %d peers, want those of two sessions", result.Optional.PeersAsked)
	}
	now = at.Add(2 * time.Hour)
	if result := r.must(quality, model.RunSucceeded); result.Optional.PeersAsked != 5 {
		t.Errorf("then asked %d peers, want those of the session that settled", result.Optional.PeersAsked)
	}
}

// The vendor's sample shows events of another peer than the participant's id.
func TestPeersNamedByEventsAreAskedToo(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 1, EventsPerParticipant: 3}, 5, at)
	p := data.Apps[0].Sessions[0].Participants[0]
	for i := range p.Events {
		p.Events[i].PeerID = "00000000-1111-4222-8333-00000000000" + string(rune('1'+i))
	}
	p.Events[2].PeerID = "not-a-uuid"
	r := newRig(t, data)
	r.must(quality, model.RunSucceeded)
	if got := r.text(`SELECT string_agg(right(peer_id::text, 4), ' ' ORDER BY peer_id) FROM realtimekit.peer_reports WHERE peer_id <> participant_id`); got != "0002" {
		t.Errorf("peers beside the participant's own: %s, want that of the join", got)
	}
	if got := r.number(`SELECT reports FROM analytics.call_quality`); got != 2 {
		t.Errorf("the person has %d reports, want 2", got)
	}
}

// A peer without a report is not asked for twice; one that fails is.
func TestPeersWithoutReport(t *testing.T) {
	t.Parallel()
	r := newRig(t, lessons())
	r.extract.RetryFor = 0
	r.sim.Script(
		simulator.Fault{Path: "*/peer-report/*", Nth: 2, Every: 5, Answer: simulator.KitError(404, "No peer report found")},
		simulator.Fault{Path: "*/peer-report/*", Nth: 8, Answer: simulator.KitError(500, "no")})
	r.must(quality, model.RunPartial)
	if got := r.text(`SELECT string_agg(outcome || ' ' || n, ', ' ORDER BY outcome) FROM (
		SELECT outcome, count(*) AS n FROM sync.peer_report_states GROUP BY 1) AS t`); got != "failed 1, none 4, stored 15" {
		t.Errorf("outcomes: %s", got)
	}
	r.sim.Script()
	if result := r.must(quality, model.RunSucceeded); result.Optional.PeersAsked != 1 || result.Optional.PeerReports != 1 {
		t.Errorf("then %+v, want the failed one", result.Optional)
	}
}

// Reports may come late: that there is none is believed a day after the end.
func TestLateReportIsAskedForOnceMore(t *testing.T) {
	t.Parallel()
	r := newRig(t, lessons())
	now := at
	r.config.Now = func() time.Time { return now }
	none := simulator.Fault{Path: "*/peer-report/*", Nth: 2, Every: 5, Answer: simulator.KitError(404, "No peer report found")}
	r.sim.Script(none)
	r.must(quality, model.RunSucceeded)
	for _, step := range []struct {
		after time.Duration
		asked int
	}{{2 * time.Hour, 0}, {30 * time.Hour, 4}, {31 * time.Hour, 0}, {80 * time.Hour, 0}} {
		r.sim.Script(simulator.Fault{Path: none.Path, Answer: none.Answer})
		now = at.Add(step.after)
		if result := r.must(quality, model.RunSucceeded); result.Optional.PeersAsked != step.asked {
			t.Errorf("%s later %d peers were asked for, want %d", step.after, result.Optional.PeersAsked, step.asked)
		}
	}
}

// An account that knows no peer at all lacks the reports; its peers are not
// given up.
func TestNoReportForAnybody(t *testing.T) {
	t.Parallel()
	r := newRig(t, lessons())
	now := at
	r.config.Now = func() time.Time { return now }
	r.sim.Script(simulator.Fault{Path: "*/peer-report/*", Answer: simulator.KitError(404, "No peer report found")})
	r.must(quality, model.RunSucceeded)
	if got := r.requests(simulator.RoutePeerReport); got != 10 {
		t.Errorf("%d peers were asked for in vain, want 10", got)
	}
	r.sim.Script()
	now = at.Add(25 * time.Hour)
	if result := r.must(quality, model.RunSucceeded); result.Optional.PeerReports != 20 {
		t.Errorf("a day later: %+v", result.Optional)
	}
}

// An app with more peers than one run asks for keeps no other from its turn.
func TestPeerReportsTakeTurns(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 2, Sessions: 2, Participants: 2 * 1100, EventsPerParticipant: 1}, 5, at.AddDate(0, 0, -2))
	r := newRig(t, data)
	for range 2 {
		r.must(quality, model.RunSucceeded)
	}
	if got := r.text(`SELECT string_agg(n::text, ' ') FROM (SELECT count(*) AS n FROM sync.peer_report_states JOIN realtimekit.sessions USING (session_id) GROUP BY app_id) AS t`); got != "1000 1000" {
		t.Errorf("%s peers of the two apps were asked for in two runs, want 1000 of each", got)
	}
}

// An answer without a report may have one later; none is made up.
func TestAnswerWithoutAReportIsNone(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		`{"participant":null}`, `{}`, `null`, `{"participant":{"peer_report":null}}`, `{"participant":{"role":"host","peer_report":{}}}`,
		`{"participant":{"peer_report":[]}}`, `{"participant":{"peer_report":"null"}}`, `{"participant":{"peer_report":{"metadata":null,"quality":{"audio_producer":[]}}}}`,
	} {
		t.Run(data, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, classroom())
			r.sim.Script(simulator.Fault{Path: "*/peer-report/*", Answer: simulator.Reply(http.StatusOK, nil, `{"success":true,"data":`+data+`}`)})
			r.must(everything, model.RunSucceeded)
			if got := r.number(`SELECT count(*) FROM realtimekit.peer_reports`); got != 0 {
				t.Errorf("%d reports of nothing are stored", got)
			}
			if got := r.text(`SELECT string_agg(DISTINCT outcome, ' ') FROM sync.peer_report_states`); got != "none" {
				t.Errorf("outcomes are %s", got)
			}
		})
	}
}

// Where a number should be, a text might say anything.
func TestTextInPlaceOfAMetricIsNotKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, classroom())
	const address = "192.0.2.77"
	r.sim.Script(simulator.Fault{Path: "*/peer-report/*", Answer: simulator.Reply(http.StatusOK, nil,
		`{"success":true,"data":{"participant":{"peer_report":{"quality":{"audio_producer":[{"jitter":"at `+address+` with `+simulator.PlantedSecret+`","rtt":"`+address+`"}]}}}}}`)})
	r.must(everything, model.RunSucceeded)
	if got := r.text(`SELECT DISTINCT repairs::text FROM realtimekit.peer_reports`); !strings.Contains(got, "[a text, not shown]") {
		t.Errorf("repairs are %s", got)
	}
	r.noSecrets(address)
}
