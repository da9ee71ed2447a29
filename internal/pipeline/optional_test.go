package pipeline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

var (
	cheap      = pipeline.Plan{Kind: model.KindRun, Optional: pipeline.Optional{Enrolment: true, Daywise: true}}
	everything = pipeline.Plan{Kind: model.KindRun, Optional: pipeline.Optional{Enrolment: true, Daywise: true, PeerReports: true}}
)

// optionalVersions digests the row versions of what the optional reads write.
func (r *rig) optionalVersions() string {
	r.t.Helper()
	return r.text(`SELECT md5(string_agg(v, ',' ORDER BY v)) FROM (
		SELECT 'm' || ctid || xmin FROM realtimekit.meetings UNION ALL
		SELECT 'p' || ctid || xmin || xmax FROM realtimekit.meeting_participants UNION ALL
		SELECT 'd' || ctid || xmin || xmax FROM realtimekit.daily_stats UNION ALL
		SELECT 'r' || ctid || xmin || xmax FROM realtimekit.peer_reports) AS t (v)`)
}

// noSecrets fails if a text that the simulator planted got anywhere.
func (r *rig) noSecrets(more ...string) {
	r.t.Helper()
	tables := strings.Fields(r.text(`SELECT string_agg(c.oid::regclass::text, ' ') FROM pg_class AS c
		WHERE c.relnamespace IN ('realtimekit'::regnamespace, 'sync'::regnamespace, 'analytics'::regnamespace) AND c.relkind IN ('r', 'v', 'm')`))
	if len(tables) < 15 {
		r.t.Fatalf("only %v are searched", tables)
	}
	for _, planted := range append([]string{simulator.PlantedSecret}, more...) {
		for _, table := range tables {
			if n := r.number(`SELECT count(*) FROM `+table+` AS t WHERE strpos(t::text, $1) > 0`, planted); n > 0 {
				r.t.Errorf("%q is in %d rows of %s", planted, n, table)
			}
		}
		if strings.Contains(r.log.String(), planted) {
			r.t.Errorf("%q is in the log", planted)
		}
	}
}

// rooms is three apps of four meetings with one session of four participants each.
func rooms() *simulator.Data {
	return simulator.Generate(simulator.Size{Apps: 3, Sessions: 12, Participants: 4, EventsPerParticipant: 3}, 3, at)
}

// requests counts those to a route since the last reset.
func (r *rig) requests(route string) int { return r.sim.Stats().ByRoute[route] }

func TestEnrolmentAndDailyStatsAreCopied(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(1, at))
	result := r.must(cheap, model.RunSucceeded)
	r.exact(nil)
	r.noSecrets(simulator.PlantedAddress)

	// Everybody who came is enrolled; whoever is enrolled and was not there is a
	// no-show of just those sessions.
	people, missed := 0, 0
	r.sim.View(func(d *simulator.Data) {
		for i := range d.Apps {
			for _, m := range d.Apps[i].Meetings {
				people += len(m.Enrolled)
				for _, s := range d.Apps[i].Sessions {
					if s.MeetingID != m.ID {
						continue
					}
					came := map[string]bool{}
					for _, p := range s.Participants {
						came[p.UserID] = came[p.UserID] || !p.JoinedAt.IsZero()
					}
					for _, e := range m.Enrolled {
						if !came[e.ID] {
							missed++
						}
					}
				}
			}
		}
	})
	if people < 500 || missed < 30 {
		t.Fatalf("%d people, %d no-shows: the data shows nothing", people, missed)
	}
	if got := r.number(`SELECT count(*) FROM realtimekit.meeting_participants WHERE removed_at IS NULL`); got < people {
		t.Errorf("%d people enrolled, want at least %d", got, people)
	}
	// By the session, as the data is: the patient who did not come is one.
	r.exec(`INSERT INTO analytics.settings (app_id, least_lesson_people, least_lesson_seconds, longest_gap_seconds) SELECT app_id, 0, 0, 0 FROM realtimekit.apps`)
	stranger := 1 // turned away in the waiting room, and enrolled on the way
	if got := r.number(`SELECT count(*) FROM analytics.no_shows`); got != missed+stranger {
		t.Errorf("%d no-shows, want %d", got, missed+stranger)
	}
	if got := r.number(`SELECT count(*) FROM analytics.no_shows WHERE was_in_waiting_room`); got != stranger {
		t.Errorf("%d waited only, want %d", got, stranger)
	}
	if got := r.text(`SELECT string_agg(DISTINCT status, ' ') FROM analytics.reconciliation`); got != "agrees" {
		t.Errorf("days %s, want all to agree", got)
	}
	if got := r.number(`SELECT count(*) FROM realtimekit.meetings WHERE status <> 'ACTIVE' OR status IS NULL`); got != 0 {
		t.Errorf("%d meetings without their record", got)
	}
	if result.Optional.Meetings != r.number(`SELECT count(*) FROM realtimekit.meetings`) {
		t.Errorf("counted %+v", result.Optional)
	}
	if got := r.requests(simulator.RouteMeeting); got != 0 {
		t.Errorf("%d records were asked for one by one, though the list has them", got)
	}

	// Nothing new: one request for the day's counts of the app with a live
	// session.
	before := r.versions() + r.optionalVersions()
	r.sim.Reset()
	r.must(cheap, model.RunSucceeded)
	if r.versions()+r.optionalVersions() != before {
		t.Error("a run over unchanged data wrote rows")
	}
	if d, e, m := r.requests(simulator.RouteDaywise), r.requests(simulator.RouteMeetingParticipants), r.requests(simulator.RouteMeetings); d != 1 || e+m != 0 {
		t.Errorf("unchanged data took %d requests for days and %d, %d for enrolment", d, e, m)
	}
}

func TestOnlyMeetingsWithNewOrEndedSessionsAreRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, simulator.Demo(2, at))
	r.must(cheap, model.RunSucceeded)
	r.sim.Reset()
	r.sim.Update(simulator.JoinLive) // somebody joins: no reason to read who is enrolled
	r.must(cheap, model.RunSucceeded)
	if got := r.requests(simulator.RouteMeetingParticipants); got != 0 {
		t.Errorf("a session that goes on took %d requests", got)
	}
	r.sim.Update(simulator.EndLive)
	r.must(cheap, model.RunSucceeded)
	if e, m := r.requests(simulator.RouteMeetingParticipants), r.requests(simulator.RouteMeeting); e != 1 || m != 1 {
		t.Errorf("the session that ended took %d and %d requests, want one for the record and one for its people", m, e)
	}
}

// classroom is an app with one ended session of three participants, and a fourth
// person who is enrolled and did not come.
func classroom() *simulator.Data {
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 3, EventsPerParticipant: 3}, 9, at)
	s := data.Apps[0].Sessions[0]
	data.Apps[0].Meetings = []*simulator.Meeting{{
		ID: s.MeetingID, CreatedAt: s.CreatedAt.AddDate(0, -1, 0),
		Enrolled: []*simulator.Enrolled{{ID: "absent-1", CustomParticipantID: "stu-9", Name: "Mira", PresetName: "student", CreatedAt: s.CreatedAt.AddDate(0, -1, 0)}},
	}}
	return data
}

// another adds a later session of the only meeting, with the same people.
func another(d *simulator.Data) {
	first := d.Apps[0].Sessions[0]
	s := *first
	n := len(d.Apps[0].Sessions)
	s.ID = fmt.Sprintf("%s%012d", first.ID[:24], n)
	later := time.Duration(n) * s.EndedAt.Sub(s.StartedAt) * 11 / 10 // a lesson of its own
	s.CreatedAt, s.StartedAt, s.EndedAt, s.UpdatedAt = s.CreatedAt.Add(later), s.StartedAt.Add(later), s.EndedAt.Add(later), s.UpdatedAt.Add(later)
	d.Apps[0].Sessions = append(d.Apps[0].Sessions, &s)
}

// Somebody who is taken off the list keeps the sessions missed until then, and
// is no no-show of later ones; one who comes back is again.
func TestPeopleAreRemovedAndComeBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, classroom())
	missed := func() string {
		r.exec(`INSERT INTO analytics.settings (app_id, longest_gap_seconds, least_lesson_seconds) SELECT app_id, 0, 0 FROM realtimekit.apps ON CONFLICT DO NOTHING`)
		return r.text(`SELECT coalesce(string_agg(display_name || ' ' || meeting_sessions_attended, ', ' ORDER BY session_started_at), '-') FROM analytics.no_shows`)
	}
	r.must(cheap, model.RunSucceeded)
	if got := missed(); got != "Mira 0" {
		t.Fatalf("no-shows %s", got)
	}
	var mira []*simulator.Enrolled
	r.sim.Update(func(d *simulator.Data) {
		mira, d.Apps[0].Meetings[0].Enrolled = d.Apps[0].Meetings[0].Enrolled, nil
		another(d)
	})
	if result := r.must(cheap, model.RunSucceeded); result.Optional.Removed != 1 {
		t.Errorf("%+v", result.Optional)
	}
	if got := r.number(`SELECT count(*) FROM realtimekit.meeting_participants WHERE removed_at IS NOT NULL AND last_listed_at < removed_at`); got != 1 {
		t.Errorf("%d people are marked as removed", got)
	}
	// The new session began before the last reading that listed Mira.
	if got := missed(); got != "Mira 0, Mira 0" {
		t.Errorf("no-shows %s", got)
	}
	r.sim.Update(func(d *simulator.Data) {
		d.Apps[0].Meetings[0].Enrolled = mira
		another(d)
	})
	r.must(cheap, model.RunSucceeded)
	if got := missed(); got != "Mira 0, Mira 0, Mira 0" {
		t.Errorf("no-shows %s", got)
	}
	if got := r.number(`SELECT count(*) FROM realtimekit.meeting_participants WHERE removed_at IS NULL`); got != 4 {
		t.Errorf("%d people are enrolled", got)
	}
}

// A record that cannot be used is set aside without its secrets, the others
// load, and a later good one resolves it.
func TestBadEnrolmentRecordsAreSetAside(t *testing.T) {
	t.Parallel()
	data := classroom()
	secret := json.RawMessage(`{"key":"` + simulator.PlantedSecret + `nested"}`)
	room := data.Apps[0].Meetings[0]
	room.Extra = simulator.Extra{"title": secret}
	room.Enrolled[0].Extra = simulator.Extra{"created_at": secret, "door": json.RawMessage("3")}
	r := newRig(t, data)
	r.must(cheap, model.RunPartial)
	r.noSecrets()
	if got := r.text(`SELECT string_agg(entity || ': ' || reason, '; ' ORDER BY entity) FROM sync.rejected_records WHERE resolved_at IS NULL`); got !=
		"meeting: configured_title: a text was wanted, found {; meeting_participant: created_at: a timestamp was wanted, found {}" {
		t.Errorf("set aside %s", got)
	}
	if got := r.number(`SELECT records_rejected FROM sync.runs`); got != 2 {
		t.Errorf("the ledger counts %d records set aside", got)
	}
	if got := r.number(`SELECT count(*) FROM realtimekit.meeting_participants`); got != 3 {
		t.Errorf("%d people stored, want the other 3", got)
	}
	r.sim.Update(func(d *simulator.Data) {
		d.Apps[0].Meetings[0].Extra, d.Apps[0].Meetings[0].Enrolled[0].Extra = nil, nil
		another(d)
	})
	r.must(cheap, model.RunSucceeded)
	if got := r.number(`SELECT count(*) FROM sync.rejected_records WHERE resolved_at IS NULL`); got != 0 {
		t.Errorf("%d records are still open", got)
	}
}

// Whatever the optional endpoints do, the sessions are stored; the run says so
// with 3 and the next one mends it.
func TestFailingOptionalReadsDoNotSpoilTheRun(t *testing.T) {
	t.Parallel()
	for name, answer := range sampling.Named(2, map[string]simulator.Answer{
		"500":       simulator.KitError(http.StatusInternalServerError, "no"),
		"html":      simulator.HTML(http.StatusOK),
		"garbage":   simulator.Garbage(),
		"bad token": simulator.GatewayError(http.StatusUnauthorized, 10000, "Authentication error"),
		"cut":       simulator.Truncated(),
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rooms())
			r.extract.RetryFor = 0
			r.sim.Script(simulator.Fault{Path: "*/meetings*", Answer: answer},
				simulator.Fault{Path: "*/analytics/*", Answer: answer},
				simulator.Fault{Path: "*/peer-report/*", Answer: answer})
			r.must(everything, model.RunPartial)
			r.exact(nil)
			r.noSecrets()
			if got := r.number(`SELECT count(*) FROM sync.endpoint_states WHERE last_error IS NOT NULL AND read_at IS NULL AND unavailable_at IS NULL`); got != 9 {
				t.Errorf("%d failures are noted, want 3 in each of 3 apps", got)
			}
			if got := r.sim.Stats(); got.ByRoute[simulator.RoutePeerReport] > 3*3 || got.ByRoute[simulator.RouteMeetings] > 3 {
				t.Errorf("an endpoint that fails is asked again and again: %v", got.ByRoute)
			}
			r.sim.Script()
			r.must(cheap, model.RunSucceeded)
			if got := r.number(`SELECT count(*) FROM sync.endpoint_states WHERE last_error IS NOT NULL AND endpoint <> 'peer-reports'`); got != 0 {
				t.Errorf("%d failures are still noted", got)
			}
			if r.number(`SELECT count(*) FROM realtimekit.meeting_participants`) == 0 || r.number(`SELECT count(*) FROM realtimekit.daily_stats`) == 0 {
				t.Error("the next run did not mend it")
			}
		})
	}
}

// An app whose sessions cannot be listed keeps no other's enrolment and daily counts
// from being read.
func TestFailingAppKeepsNoOtherFromOptionalReads(t *testing.T) {
	t.Parallel()
	r := newRig(t, rooms())
	r.extract.RetryFor = 0
	r.sim.Script(simulator.Fault{Path: "*/" + r.data.Apps[1].ID + "/sessions", Answer: simulator.KitError(500, "no")})
	if result, err := r.run(t.Context(), cheap); err == nil || pipeline.Resumable(err) || result.Status != model.RunFailed {
		t.Errorf("%s, %v", result.Status, err)
	}
	for _, table := range []string{"realtimekit.meeting_participants", "realtimekit.daily_stats"} {
		want := r.data.Apps[0].ID + " " + r.data.Apps[2].ID
		if got := r.text(`SELECT string_agg(DISTINCT app_id, ' ' ORDER BY app_id) FROM ` + table); got != want && got != r.data.Apps[2].ID+" "+r.data.Apps[0].ID {
			t.Errorf("%s has rows of the apps %s, want %s", table, got, want)
		}
	}
	r.sim.Script()
	r.must(cheap, model.RunSucceeded)
	if got := r.number(`SELECT count(*) FROM sync.endpoint_states WHERE read_at IS NOT NULL AND last_error IS NULL`); got != 6 {
		t.Errorf("%d of 6 optional reads are done", got)
	}
}

// One meeting that always fails keeps no other from being read.
func TestOneBadMeetingKeepsNoOtherFromBeingRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, rooms())
	r.extract.RetryFor = 0
	var bad string
	r.sim.View(func(d *simulator.Data) { bad = d.Apps[0].Sessions[0].MeetingID })
	r.sim.Script(simulator.Fault{Path: "*/meetings/" + bad + "/participants", Answer: simulator.KitError(500, "no")})
	r.must(cheap, model.RunPartial)
	if got := r.number(`SELECT count(*) FROM sync.meeting_states WHERE read_at IS NULL AND attempts = 1 AND last_error LIKE '%status 500%'`); got != 1 {
		t.Errorf("%d meetings failed, want 1", got)
	}
	if got := r.number(`SELECT count(*) FROM sync.meeting_states WHERE read_at IS NOT NULL`); got != 11 {
		t.Errorf("%d meetings were read, want the other 11", got)
	}
	r.sim.Reset()
	r.must(cheap, model.RunPartial)
	if got := r.requests(simulator.RouteMeetingParticipants); got != 1 {
		t.Errorf("the next run asked for %d meetings, want the failed one", got)
	}
	// Unless it is the only one, or gone: the third time that is believed.
	r.sim.Script(simulator.Fault{Path: "*/meetings/" + bad + "*", Answer: simulator.KitError(404, "No meeting found")})
	for range 3 {
		r.endPauses(24 * time.Hour)
		if got := r.number(`SELECT count(*) FROM sync.meeting_states WHERE gone_at IS NOT NULL`); got != 0 {
			t.Errorf("given up too early")
		}
		r.must(cheap, model.RunSucceeded)
	}
	if got := r.number(`SELECT count(*) FROM sync.meeting_states WHERE gone_at IS NOT NULL AND attempts = 0`); got != 1 {
		t.Errorf("%d meetings are given up, want 1", got)
	}
	r.sim.Reset()
	r.must(cheap, model.RunSucceeded)
	if got := r.requests(simulator.RouteMeetingParticipants) + r.requests(simulator.RouteMeeting); got != 0 {
		t.Errorf("a meeting that is gone was asked for %d times", got)
	}
}

// A room name for an id may be refused for good; any other refusal is a failure.
func TestRefusedMeetingIDs(t *testing.T) {
	t.Parallel()
	for id, status := range map[string]string{
		"abcdef-ghijkl":                        model.RunSucceeded,
		"00000000-0000-4000-8000-0000000000ab": model.RunPartial,
	} {
		data := classroom()
		data.Apps[0].Sessions[0].MeetingID, data.Apps[0].Meetings[0].ID = id, id
		r := newRig(t, data)
		r.sim.Script(simulator.Fault{Path: "*/meetings/*", Answer: simulator.KitError(400, "BAD_REQUEST")})
		r.must(cheap, status)
		if got := r.number(`SELECT count(*) FROM sync.meeting_states WHERE last_error LIKE '%status 400%'`); got != 1 {
			t.Errorf("%s: %d reasons are noted", id, got)
		}
	}
}

// What the account lacks is noted once, is no failure, and is asked again after
// a day.
func TestWhatTheAccountLacksIsNotedOnce(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]simulator.Answer{
		"403":      simulator.GatewayError(http.StatusForbidden, 10000, "Authentication error"),
		"no route": simulator.GatewayError(http.StatusNotFound, 7003, "No route for the URI"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, rooms())
			now := at
			r.config.Now = func() time.Time { return now }
			lack := []simulator.Fault{
				{Path: "*/meetings*", Answer: answer}, {Path: "*/analytics/*", Answer: answer}, {Path: "*/peer-report/*", Answer: answer},
			}
			r.sim.Script(lack...)
			r.must(everything, model.RunSucceeded)
			r.exact(nil)
			if got := strings.Count(r.log.String(), "lacks this"); got != 9 {
				t.Errorf("warned %d times, want once for each of 3 in 3 apps", got)
			}
			asked := func() int {
				return r.requests(simulator.RouteMeetings) + r.requests(simulator.RouteDaywise) + r.requests(simulator.RoutePeerReport)
			}
			r.sim.Reset()
			now = at.Add(time.Hour)
			r.must(everything, model.RunSucceeded)
			if asked() != 0 {
				t.Errorf("asked %d times again within a day", asked())
			}
			now = at.Add(25 * time.Hour)
			r.must(everything, model.RunSucceeded)
			if got := strings.Count(r.log.String(), "lacks this"); asked() != 9 || got != 9 {
				t.Errorf("asked %d times after a day, warned %d times in all", asked(), got)
			}
			r.sim.Script()
			now = at.Add(50 * time.Hour)
			r.must(everything, model.RunSucceeded)
			if got := r.number(`SELECT count(*) FROM sync.endpoint_states WHERE unavailable_at IS NOT NULL`); got != 0 {
				t.Errorf("%d are still unavailable", got)
			}
		})
	}
}

// An app that had no session when it was first read has not shown that the account has
// what is read beside the sessions.
func TestWhatTheAccountLacksAfterAQuietBeginning(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct{ path, endpoint string }{
		"enrolment":   {"*/meetings*", "enrolment"},
		"livestreams": {"*/livestream-sessions", "livestreams"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := classroom()
			sessions := data.Apps[0].Sessions
			data.Apps[0].Sessions = nil
			r := newRig(t, data)
			r.sim.Script(simulator.Fault{Path: of.path, Answer: simulator.KitError(http.StatusForbidden, "no")})
			r.must(recordings, model.RunSucceeded)
			r.sim.Update(func(d *simulator.Data) {
				s := sessions[0]
				s.Livestreams = []*simulator.Livestream{{ID: "l1", LivestreamID: "l", IngestSeconds: 60, StartedAt: s.StartedAt, StoppedAt: s.EndedAt}}
				d.Apps[0].Sessions = sessions
			})
			r.must(recordings, model.RunSucceeded)
			if got := r.text(`SELECT string_agg(endpoint, ' ') FROM sync.endpoint_states WHERE unavailable_at IS NOT NULL`); got != of.endpoint {
				t.Errorf("lacking: %s", got)
			}
			if got := r.number(`SELECT count(*) FROM sync.livestream_states WHERE outcome = 'failed'`); got != 0 {
				t.Errorf("%d livestreams failed", got)
			}
		})
	}
}

// Once one livestream was answered, another that is refused has failed by itself.
func TestRefusedLivestreamBesideAnAnsweredOne(t *testing.T) {
	t.Parallel()
	data := classroom()
	another(data)
	for _, s := range data.Apps[0].Sessions { // settled, both
		s.Type, s.EndedAt, s.UpdatedAt = "livestream", s.EndedAt.AddDate(0, 0, -1), s.UpdatedAt.AddDate(0, 0, -1)
	}
	r := newRig(t, data)
	refused := data.Apps[0].Sessions[1].ID
	r.sim.Script(simulator.Fault{Path: "*/" + refused + "/livestream-sessions", Answer: simulator.KitError(http.StatusForbidden, "no")})
	r.must(recordings, model.RunPartial)
	if got := r.text(`SELECT string_agg(outcome || CASE WHEN session_id = '` + refused + `' THEN '!' ELSE '' END, ' ' ORDER BY outcome) FROM sync.livestream_states`); got != "failed! read" {
		t.Errorf("outcomes: %s", got)
	}
}

// The budget ends while people are read: nothing is wrong, and the next run goes
// on where this one stopped.
func TestSpentBudgetStopsOptionalReadsResumably(t *testing.T) {
	t.Parallel()
	r := newRig(t, rooms())
	r.budget.MaxWait = 0
	r.sim.Script(simulator.Fault{Path: "*/meetings/*/participants", Nth: 7, Answer: simulator.RateLimited(time.Hour)})
	result, err := r.run(t.Context(), cheap)
	if !errors.Is(err, model.ErrBudgetSpent) || !pipeline.Resumable(err) || result.Status != model.RunPartial {
		t.Fatalf("%s, %v", result.Status, err)
	}
	r.exact(nil)
	read := r.number(`SELECT count(*) FROM sync.meeting_states WHERE read_at IS NOT NULL`)
	if read == 0 {
		t.Fatal("nothing was kept of the enrolment")
	}
	r.sim.Script()
	result = r.must(cheap, model.RunSucceeded)
	if all := r.number(`SELECT count(*) FROM realtimekit.meetings`); result.Optional.Meetings != all-read {
		t.Errorf("%d meetings read after %d of %d", result.Optional.Meetings, read, all)
	}
}

func TestSessionsAloneReadNothingElse(t *testing.T) {
	t.Parallel()
	r := newRig(t, rooms())
	r.mustRun(model.RunSucceeded)
	got := r.sim.Stats().ByRoute
	for _, route := range []string{simulator.RouteMeetings, simulator.RouteMeeting, simulator.RouteMeetingParticipants, simulator.RouteDaywise, simulator.RoutePeerReport} {
		if got[route] != 0 {
			t.Errorf("%d requests for %s", got[route], route)
		}
	}
}

// One mistaken 404, in the middle of a list even, costs nobody's enrolment.
func TestMeetingThatIsOnceNotFoundIsReadLater(t *testing.T) {
	t.Parallel()
	r := newRig(t, rooms())
	r.extract.PerPage = 2
	r.sim.Script(simulator.Fault{Path: "*/meetings/*/participants?page_no=1&*", Nth: 2, Answer: simulator.KitError(404, "No meeting found")})
	r.must(cheap, model.RunSucceeded)
	if got := r.number(`SELECT count(*) FROM sync.meeting_states WHERE not_found = 1 AND gone_at IS NULL`); got != 1 {
		t.Fatalf("%d meetings were not found once, want 1", got)
	}
	r.must(cheap, model.RunSucceeded)
	if diff, err := oracle.DiffBeside(t.Context(), r.pool, r.sim); err != nil || diff != "" {
		t.Errorf("what is read beside is not what the API holds (-API +warehouse): %v\n%.3000s", err, diff)
	}
}

// An empty list proves nothing, and a null still less: the people are read once the
// API gives them, without waiting for another session.
func TestEmptyEnrolmentIsNotBelievedAtOnce(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"success":true,"data":null}`, `{"success":true,"data":[]}`} {
		r := newRig(t, rooms())
		r.extract.RetryFor = 0
		r.sim.Script(simulator.Fault{Path: "*/meetings/*/participants", Answer: simulator.Reply(200, nil, body)})
		r.must(cheap, model.RunPartial)
		r.must(cheap, model.RunPartial) // it says so again, but too soon
		r.sim.Script()
		r.endPauses(10 * time.Minute)
		r.exec(`UPDATE sync.meeting_states SET retry_at = now() WHERE retry_at IS NOT NULL`)
		r.must(cheap, model.RunSucceeded)
		if diff, err := oracle.DiffBeside(t.Context(), r.pool, r.sim); err != nil || diff != "" {
			t.Errorf("%s: what is read beside is not what the API holds (-API +warehouse): %v\n%.3000s", body, err, diff)
		}
		if got := r.number(`SELECT count(*) FROM sync.meeting_states WHERE empty_since IS NOT NULL OR last_error IS NOT NULL`); got != 0 {
			t.Errorf("%s: %d meetings still pass for empty", body, got)
		}
	}
}

// An API without paging objects that goes on saying that nobody is enrolled is
// believed after a quarter of an hour, and from then on; one that announces it, at
// once.
func TestMeetingWhereNobodyIsEnrolled(t *testing.T) {
	t.Parallel()
	for _, dialect := range []simulator.Dialect{{}, {Paging: simulator.PagingAbsent}} {
		data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 1}, 9, at)
		r := newRig(t, data)
		r.sim.SetDialect(dialect)
		if dialect.Paging == simulator.PagingAbsent {
			r.must(cheap, model.RunPartial)
			r.must(cheap, model.RunPartial)
			r.endPauses(16 * time.Minute)
		}
		r.must(cheap, model.RunSucceeded)
		r.sim.Update(another)
		r.endPauses(16 * time.Minute)
		r.must(cheap, model.RunSucceeded)
		r.sim.Reset()
		r.must(cheap, model.RunSucceeded)
		if got := r.requests(simulator.RouteMeetingParticipants); got != 0 {
			t.Errorf("%+v: asked %d times again", dialect, got)
		}
	}
}

// A meeting whose list never adds up is asked for ever less often, but stays in the
// exit code; a session that is new, or ends, brings it at once.
func TestMeetingThatNeverAddsUpIsAskedForLessOften(t *testing.T) {
	t.Parallel()
	r := newRig(t, classroom())
	short := simulator.Fault{Path: "*/meetings/*/participants", Answer: withoutRow("absent-1")}
	r.sim.Script(short)
	read := func(when, status string, want int) {
		t.Helper()
		before := r.requests(simulator.RouteMeetingParticipants)
		waiting := r.must(cheap, status).Optional.MeetingsWaiting
		if got := r.requests(simulator.RouteMeetingParticipants) - before; got != want || (waiting == 1) != (want == 0 && status == model.RunPartial) {
			t.Errorf("%s: the list was asked for %d times, and %d meetings wait, want %d requests", when, got, waiting, want)
		}
	}
	read("at first", model.RunPartial, 2) // a list that does not add up is read twice
	read("at once again", model.RunPartial, 2)
	read("then a pause", model.RunPartial, 0)
	if got := r.number(`SELECT attempts FROM sync.meeting_states WHERE retry_at > now() + interval '14 minutes' AND last_error LIKE '%announced 4 records and gave 3%'`); got != 2 {
		t.Errorf("%d attempts, want 2 and a pause of a quarter of an hour", got)
	}
	r.endPauses(24 * time.Hour)
	read("after the pause", model.RunPartial, 2)
	if got := r.number(`SELECT attempts FROM sync.meeting_states WHERE retry_at > now() + interval '29 minutes'`); got != 3 {
		t.Errorf("%d attempts, want 3 and twice the pause", got)
	}
	r.sim.Update(another)
	read("another session", model.RunPartial, 2)
	r.sim.Update(another)
	r.sim.Script()
	read("all is well", model.RunSucceeded, 1)
	if got := r.number(`SELECT count(*) FROM sync.meeting_states WHERE num_nonnulls(retry_at, tried_sessions, tried_ended) > 0 OR attempts > 0`); got != 0 {
		t.Error("the pause outlived the problem")
	}
}
