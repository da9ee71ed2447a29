package pipeline_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
)

// pair is two apps of eight ended sessions each.
func pair() *simulator.Data {
	return simulator.Generate(simulator.Size{Apps: 2, Sessions: 16, Participants: 2, EventsPerParticipant: 2}, 71, at)
}

// whole is the backfill of everything.
var whole = pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0)}

// refusals are answers that refuse what was asked for and say nothing of the token.
func refusals() map[string]simulator.Answer {
	answers := map[string]simulator.Answer{
		"200 that says 403":  simulator.Unsuccessful(403, "no"),
		"200 that says 1234": simulator.Unsuccessful(1234, "no"),
		"200 that says 7003": simulator.Reply(http.StatusOK, nil, `{"success":false,"errors":[{"code":7003,"message":"No route for the URI"}]}`),
		"redirect":           simulator.Redirect("http://127.0.0.1:9/"),
		"403 bare":           simulator.Empty(http.StatusForbidden),
		"400 and 7003":       simulator.GatewayError(400, 7003, "No route for the URI"),
	}
	for _, status := range []int{400, 402, 403, 405, 409, 422, 451} {
		answers[fmt.Sprint(status)] = simulator.KitError(status, "no")
	}
	return answers
}

// One session that is refused keeps no other from being read, by whatever command,
// is noted, waits longer each time, and is read once the API gives it.
func TestRefusedSessionIsItsOwn(t *testing.T) {
	t.Parallel()
	for name, answer := range sampling.Named(3, refusals()) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, pair())
			bad := r.data.Apps[0].Sessions[0].ID
			others := func(s *simulator.Session) bool { return s.ID != bad }
			r.sim.Script(simulator.Fault{Path: "*/" + bad + "/participants", Answer: answer})
			r.mustRun(model.RunPartial)
			r.exact(others)
			if got := r.text(`SELECT string_agg(session_id || ' ' || attempts, ', ') FROM sync.session_states WHERE last_error IS NOT NULL AND complete_at IS NULL`); got != bad+" 1" {
				t.Errorf("noted as failed: %s, want %s 1", got, bad)
			}
			if got := r.text(`SELECT last_error FROM sync.session_states WHERE session_id = $1`, bad); strings.Contains(got, "TOKEN") || !strings.Contains(got, bad) {
				t.Errorf("the reason is %q", got)
			}
			r.must(whole, model.RunPartial)
			r.must(pipeline.Plan{Kind: model.KindBackfill, Sessions: []model.UUID{mustUUID(t, bad)}}, model.RunPartial)
			if got := r.number(`SELECT count(*) FROM sync.session_states WHERE session_id = $1 AND attempts = 3 AND retry_at > now() + interval '20 minutes'`, bad); got != 1 {
				t.Error("the refused session does not wait for another try")
			}
			r.sim.Reset()
			if result := r.mustRun(model.RunPartial); result.Waiting != 1 || r.requests(simulator.RouteParticipants) != 0 {
				t.Errorf("%d sessions wait, %d pages were asked for", result.Waiting, r.requests(simulator.RouteParticipants))
			}
			result, _ := r.mustVerify(pipeline.VerifyPlan{})
			if d := result.Differences; len(d) != 1 || d[0].SessionID.String() != bad {
				t.Errorf("the verification found %+v", d)
			}
			r.sim.Script()
			r.endPauses(25 * time.Hour)
			r.mustRun(model.RunSucceeded)
			r.exact(nil)
		})
	}
}

// A live session that is no longer listed is asked for by its id. That it is refused
// is its own affair too.
func TestRefusedLiveSessionThatLeftTheListIsItsOwn(t *testing.T) {
	t.Parallel()
	for name, answer := range sampling.Named(1, map[string]simulator.Answer{
		"400": simulator.KitError(400, "no"), "403": simulator.KitError(403, "no"), "200 that says 1234": simulator.Unsuccessful(1234, "no"),
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, pair())
			live := r.data.Apps[0].Sessions[7]
			live.Status, live.EndedAt = simulator.StatusLive, time.Time{}
			r.mustRun(model.RunSucceeded)
			r.config.Lookback = 0
			r.sim.Update(func(d *simulator.Data) {
				for range 2 { // the newest, at which the list begins
					simulator.AddSession(d)
				}
			})
			r.mustRun(model.RunSucceeded)
			r.sim.Script(simulator.Fault{Path: "*/sessions/" + live.ID, Answer: answer})
			r.sim.Update(simulator.AddSession)
			r.mustRun(model.RunPartial)
			r.exact(nil)
			if got := r.text(`SELECT string_agg(session_id::text, ' ') FROM sync.session_states WHERE failed_at IS NOT NULL`); got != live.ID {
				t.Errorf("noted as failed: %s, want %s", got, live.ID)
			}
		})
	}
}

// The list of one app that is refused is noted with it. The others are read, what is
// read beside included; the exit code is that of a failing app.
func TestRefusedAppIsItsOwn(t *testing.T) {
	t.Parallel()
	for _, name := range sampling.Of(2, []string{"400", "403", "409", "200 that says 1234", "redirect"}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rooms())
			bad := r.data.Apps[0].ID
			others := func(s *simulator.Session) bool { return s.AppID != bad }
			r.sim.Script(simulator.Fault{Path: "*/" + bad + "/sessions", Answer: refusals()[name]})
			for range 2 {
				result, err := r.run(t.Context(), cheap)
				if err == nil || errors.Is(err, model.ErrDenied) || !strings.Contains(err.Error(), "app "+bad) || result.Status != model.RunFailed {
					t.Errorf("%s, %v", result.Status, err)
				}
				r.exact(others)
			}
			if got := r.text(`SELECT string_agg(app_id, ' ') FROM sync.app_states WHERE last_error LIKE '%check that app ' || app_id || ' belongs to%' OR last_error LIKE '%redirects are not followed%'`); got != bad {
				t.Errorf("noted with %s, want %s", got, bad)
			}
			if got := r.number(`SELECT count(DISTINCT app_id) FROM realtimekit.meeting_participants`); got != 2 {
				t.Errorf("the enrolment of %d apps was read, want 2", got)
			}
			if _, err := r.run(t.Context(), whole); err == nil || errors.Is(err, model.ErrDenied) {
				t.Errorf("the backfill gave %v", err)
			}
			result, err := r.verify(t.Context(), pipeline.VerifyPlan{})
			if err == nil || errors.Is(err, model.ErrDenied) || result.Compared == 0 {
				t.Errorf("the verification compared %d sessions and gave %v", result.Compared, err)
			}
			client := r.client()
			defer client.Close()
			preview, err := pipeline.New(r.config, client, stores.Open(r.pool, r.logger), r.logger).Preview(t.Context(),
				pipeline.Plan{Kind: model.KindBackfill, From: whole.From, Full: true}, 50)
			if err == nil || len(preview.Sessions) != 8 {
				t.Errorf("the preview shows %d sessions, want those of the other apps: %v", len(preview.Sessions), err)
			}
			r.sim.Script()
			r.must(cheap, model.RunSucceeded)
			r.exact(nil)
		})
	}
}

// What speaks of the token ends the run at the first request, whatever was asked for.
func TestRefusedTokenEndsTheRun(t *testing.T) {
	t.Parallel()
	for name, answer := range sampling.Named(3, map[string]simulator.Answer{
		"401":                 simulator.KitError(401, "no"),
		"401 bare":            simulator.BareUnauthorized(),
		"403 and 10000":       simulator.GatewayError(403, 10000, "Authentication error"),
		"403 and 9109":        simulator.GatewayError(403, 9109, "Unauthorized to access requested resource"),
		"400 and 6003":        simulator.GatewayError(400, 6003, "Invalid request headers"),
		"200 that says 10000": simulator.Unsuccessful(10000, "Authentication error"),
		"200 that says 401":   simulator.Unsuccessful(401, "no"),
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, pair())
			r.config.Concurrency = 1
			r.sim.Script(simulator.Fault{Path: "*/participants", Nth: 3, Answer: answer})
			result, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindRun})
			if !errors.Is(err, model.ErrDenied) || !strings.Contains(strings.ToLower(err.Error()), "token") || result.Status != model.RunFailed {
				t.Errorf("%s, %v", result.Status, err)
			}
			if got := r.requests(simulator.RouteParticipants); got != 3 {
				t.Errorf("%d sessions were asked for, want 3", got)
			}
			if got := r.number(`SELECT count(*) FROM sync.session_states WHERE last_error IS NOT NULL`); got != 0 {
				t.Errorf("%d sessions pass for failed", got)
			}
		})
	}
}

// The same refusal of five sessions in a row, across apps and however many are under
// way, is the token's. They are noted all the same.
func TestSameRefusalOfSeveralSessionsEndsTheRun(t *testing.T) {
	t.Parallel()
	for _, concurrency := range sampling.Of(1, []int{6, 1}) {
		for _, plan := range []pipeline.Plan{{Kind: model.KindRun}, whole} {
			t.Run(fmt.Sprint(plan.Kind, " ", concurrency), func(t *testing.T) {
				t.Parallel()
				// One session an app, so that the row goes across apps.
				r := newRig(t, simulator.Generate(simulator.Size{Apps: 12, Sessions: 12, Participants: 2, EventsPerParticipant: 1}, 72, at))
				r.config.Concurrency = concurrency
				r.sim.Script(simulator.Fault{Path: "*/participants", Answer: simulator.KitError(403, "no")})
				result, err := r.run(t.Context(), plan)
				if !errors.Is(err, model.ErrDenied) || result.Status != model.RunFailed {
					t.Errorf("%s, %v", result.Status, err)
				}
				if text := fmt.Sprint(err); !strings.Contains(text, "5 sessions in a row were refused alike") || !strings.Contains(text, "CLOUDFLARE_API_TOKEN") || !strings.Contains(text, "status 403: no") {
					t.Errorf("it says %q", text)
				}
				if got := r.requests(simulator.RouteParticipants); got != 5 {
					t.Errorf("%d sessions were asked for, want 5", got)
				}
				if got := r.number(`SELECT count(*) FROM sync.session_states WHERE attempts = 1 AND last_error LIKE '%status 403%'`); got != 5 {
					t.Errorf("%d sessions are noted, want 5", got)
				}
				r.sim.Script()
				if _, err := r.run(t.Context(), plan); err != nil {
					t.Error(err)
				}
				r.exact(nil)
			})
		}
	}
}

// At most as many as are under way may be refused after the fifth.
func TestRowOfRefusalsWithinOneApp(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Generate(simulator.Size{Apps: 1, Sessions: 60, Participants: 1}, 73, at))
	r.config.Concurrency = 6
	r.sim.Script(simulator.Fault{Path: "*/participants", Answer: simulator.KitError(451, "no")})
	if _, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindRun}); !errors.Is(err, model.ErrDenied) {
		t.Error(err)
	}
	if got := r.requests(simulator.RouteParticipants); got > 5+6 {
		t.Errorf("%d sessions were asked for, want at most 11", got)
	}
	result, err := r.verify(t.Context(), pipeline.VerifyPlan{})
	if err != nil {
		t.Errorf("nothing is stored, so that nothing is asked for: %v, %d compared", err, result.Compared)
	}
}

// A verification ends as well: but for what a run found refused before.
func TestSameRefusalEndsAVerification(t *testing.T) {
	t.Parallel()
	r := newRig(t, pair())
	r.mustRun(model.RunSucceeded)
	r.sim.Reset()
	r.sim.Script(simulator.Fault{Path: "*/participants", Answer: simulator.KitError(403, "no")})
	result, err := r.verify(t.Context(), pipeline.VerifyPlan{})
	if !errors.Is(err, model.ErrDenied) || result.Status != model.RunFailed || r.requests(simulator.RouteParticipants) != 5 {
		t.Errorf("%s after %d requests: %v", result.Status, r.requests(simulator.RouteParticipants), err)
	}
}

// A success ends the row, and so does another refusal begin one.
func TestRowOfRefusalsIsBroken(t *testing.T) {
	t.Parallel()
	for name, pass := range map[string]simulator.Answer{"by a success": nil, "by another refusal": simulator.KitError(409, "no")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, pair())
			r.config.Concurrency = 1
			var n atomic.Int64
			r.sim.Script(simulator.Fault{Path: "*/participants", Answer: func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				switch {
				case n.Add(1)%5 != 0:
					simulator.KitError(403, "no")(w, req, next)
				case pass != nil:
					pass(w, req, next)
				default:
					next.ServeHTTP(w, req)
				}
			}})
			r.mustRun(model.RunPartial)
			if got := r.requests(simulator.RouteParticipants); got != 16 {
				t.Errorf("%d sessions were asked for, want all 16", got)
			}
		})
	}
}

// However many sessions are refused for good: they keep none after them from being
// read for ever, and once they are known they do not end a run.
func TestManyRefusedSessionsAreGoneRound(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Generate(simulator.Size{Apps: 2, Sessions: 30, Participants: 2, EventsPerParticipant: 1}, 74, at))
	r.config.Concurrency = 1
	bad := make(map[string]bool)
	var script []simulator.Fault
	for _, s := range r.data.Apps[0].Sessions[:12] { // the first to be read
		bad[s.ID] = true
		script = append(script, simulator.Fault{Path: "*/" + s.ID + "/participants", Answer: simulator.KitError(451, "no")})
	}
	r.sim.Script(script...)
	for range 2 {
		if _, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindRun}); !errors.Is(err, model.ErrDenied) {
			t.Errorf("twelve refusals in a row give %v", err)
		}
	}
	r.mustRun(model.RunPartial)
	r.exact(func(s *simulator.Session) bool { return !bad[s.ID] })
	r.endPauses(25 * time.Hour)
	r.mustRun(model.RunPartial)
	r.must(whole, model.RunPartial)
}

// So it is with apps: several refused alike end the run once, and not for ever.
func TestManyRefusedAppsAreGoneRound(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Generate(simulator.Size{Apps: 10, Sessions: 20, Participants: 1}, 75, at))
	for i := range r.data.Apps {
		r.config.AppIDs = append(r.config.AppIDs, r.data.Apps[i].ID) // their order
	}
	bad := make(map[string]bool)
	var script []simulator.Fault
	for _, id := range r.config.AppIDs[:7] {
		bad[id] = true
		script = append(script, simulator.Fault{Path: "*/" + id + "/sessions", Answer: simulator.KitError(403, "no")})
	}
	r.sim.Script(script...)
	if _, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindRun}); !errors.Is(err, model.ErrDenied) || !strings.Contains(err.Error(), "5 apps in a row") {
		t.Errorf("seven apps that are refused give %v", err)
	}
	if got := r.requests(simulator.RouteSessions); got != 5 {
		t.Errorf("%d apps were asked for, want 5", got)
	}
	if _, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindRun}); err == nil || errors.Is(err, model.ErrDenied) {
		t.Errorf("then they give %v", err)
	}
	r.exact(func(s *simulator.Session) bool { return !bad[s.AppID] })
	for _, plan := range []pipeline.Plan{{Kind: model.KindRun}, whole} {
		if _, err := r.run(t.Context(), plan); err == nil || errors.Is(err, model.ErrDenied) {
			t.Errorf("and then %v", err)
		}
	}
}

// Of the sessions that a command names one may be refused; the others are read, and
// compared.
func TestRefusedSessionAmongThoseNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t, pair())
	first, second := r.data.Apps[0].Sessions[0].ID, r.data.Apps[1].Sessions[0].ID
	r.sim.Script(simulator.Fault{Path: "*/sessions/" + first, Answer: simulator.KitError(403, "no")})
	named := []model.UUID{mustUUID(t, first), mustUUID(t, second)}
	if _, err := r.run(t.Context(), pipeline.Plan{Kind: model.KindBackfill, Sessions: named}); err == nil || errors.Is(err, model.ErrDenied) || !strings.Contains(err.Error(), first) {
		t.Errorf("the backfill gave %v", err)
	}
	r.exact(func(s *simulator.Session) bool { return s.ID == second })
	result, err := r.verify(t.Context(), pipeline.VerifyPlan{Sessions: named})
	if err == nil || errors.Is(err, model.ErrDenied) || !strings.Contains(err.Error(), first) || result.Compared != 1 {
		t.Errorf("the verification compared %d sessions and gave %v", result.Compared, err)
	}
}

// One meeting or peer that is refused is noted; the others are read, and the account
// does not pass for lacking them. So it is in the first run and in a later one.
func TestRefusedMeetingAndPeerAreTheirOwn(t *testing.T) {
	t.Parallel()
	for name, answer := range sampling.Named(3, refusals()) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rooms())
			room, peer := "", ""
			r.sim.View(func(d *simulator.Data) {
				s := d.Apps[0].Sessions[len(d.Apps[0].Sessions)-1] // the newest are asked for first
				room, peer = s.MeetingID, s.Participants[0].ID
			})
			r.sim.Script(simulator.Fault{Path: "*/meetings/" + room + "*", Answer: answer}, simulator.Fault{Path: "*/peer-report/" + peer, Answer: answer})
			r.must(everything, model.RunPartial)
			if got := r.text(`SELECT string_agg(meeting_id, ' ') FROM sync.meeting_states WHERE read_at IS NULL AND attempts = 1 AND last_error IS NOT NULL`); got != room {
				t.Errorf("the meetings %s failed, want %s", got, room)
			}
			if got := r.number(`SELECT count(*) FROM sync.meeting_states WHERE read_at IS NOT NULL`); got != 11 {
				t.Errorf("%d meetings were read, want the other 11", got)
			}
			if got := r.text(`SELECT string_agg(peer_id::text, ' ') FROM sync.peer_report_states WHERE outcome = 'failed'`); got != peer {
				t.Errorf("the peers %s failed, want %s", got, peer)
			}
			if got := r.number(`SELECT count(*) FROM realtimekit.peer_reports`); got != 12*4-1 {
				t.Errorf("%d peer reports, want the other 47", got)
			}
			if got := r.number(`SELECT count(*) FROM sync.endpoint_states WHERE unavailable_at IS NOT NULL OR last_error IS NOT NULL`); got != 0 {
				t.Errorf("%d endpoints pass for lacking or failed", got)
			}
			r.must(everything, model.RunPartial)
			r.sim.Script()
			r.endPauses(25 * time.Hour)
			r.must(everything, model.RunSucceeded)
			if diff, err := oracle.DiffBeside(t.Context(), r.pool, r.sim); err != nil || diff != "" {
				t.Errorf("what is read beside is not what the API holds (-API +warehouse): %v\n%.3000s", err, diff)
			}
		})
	}
}

// A bare 403 to everything is an account that lacks it: no failure, and no meeting or
// peer is the worse for it.
func TestRefusalOfAllMeetingsAndPeersIsTheAccounts(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]*simulator.Data{"many": rooms(), "one": classroom()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, data)
			refused := simulator.KitError(403, "no")
			r.sim.Script(simulator.Fault{Path: "*/meetings*", Answer: refused}, simulator.Fault{Path: "*/peer-report/*", Answer: refused})
			r.must(everything, model.RunSucceeded)
			if got, want := r.number(`SELECT count(*) FROM sync.endpoint_states WHERE unavailable_at IS NOT NULL`), 2*len(data.Apps); got != want {
				t.Errorf("%d endpoints are unavailable, want %d", got, want)
			}
			if got := r.number(`SELECT (SELECT count(*) FROM sync.meeting_states) + (SELECT count(*) FROM sync.peer_report_states)`); got != 0 {
				t.Errorf("%d meetings and peers are noted", got)
			}
			if got := r.requests(simulator.RoutePeerReport); got > 5*len(data.Apps) {
				t.Errorf("%d peers were asked for", got)
			}
		})
	}
}
