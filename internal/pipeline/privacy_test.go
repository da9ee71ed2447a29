package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/load"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/stores"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

const (
	canaryCustom = "canary-custom@example.org"
	canaryName   = "Canary Wren"
)

var allHistory = pipeline.Plan{Kind: model.KindBackfill, From: at.AddDate(-1, 0, 0), Full: true}

func newKey(t *testing.T, text string) *privacy.Key {
	t.Helper()
	key, err := privacy.NewKey(secret.New(strings.Repeat(text, 8)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// aviary is one app with a canary: a person who sat in every session, under
// another user_id in each, whose records in the last two cannot be used, and
// whom others' records mention.
func aviary() *simulator.Data {
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 6, Participants: 5, EventsPerParticipant: 3}, 61, at)
	for i, s := range data.Apps[0].Sessions {
		canary(s.Participants[0], i)
		s.Participants[1].Extra = simulator.Extra{"moderator": json.RawMessage(fmt.Sprintf("%q", userOf(i)))}
		switch i {
		case 4:
			s.Participants[0].Extra = simulator.Extra{"joined_at": json.RawMessage(`"yesterday"`)}
		case 5:
			s.Participants[0].Events[1].Extra = simulator.Extra{"created_at": json.RawMessage(`"yesterday"`)}
			s.Participants[2].Extra = simulator.Extra{"joined_at": json.RawMessage(`"tomorrow"`)} // somebody else's
		}
	}
	return data
}

func userOf(i int) string { return fmt.Sprintf("caaaaaaa-0000-4000-8000-%012d", i) }

// canary makes a participant the canary's.
func canary(p *simulator.Participant, i int) {
	p.ID = fmt.Sprintf("cbbbbbbb-0000-4000-8000-%012d", i)
	p.UserID, p.CustomParticipantID, p.DisplayName = userOf(i), canaryCustom, canaryName
	for n := range p.Events {
		e := &p.Events[n]
		e.ID = fmt.Sprintf("cccccccc-0000-4000-8%03d-%012d", n, i)
		e.ParticipantID, e.PeerID, e.SocketSessionID = p.UserID, p.ID, fmt.Sprintf("canary-socket-%d", i)
	}
}

// canaries are what must be found nowhere.
var canaries = []string{
	"canary-custom", canaryName, "canary-socket", "caaaaaaa-0000", "cbbbbbbb-0000", "cccccccc-0000", "canarycanarycana",
}

// gone fails if anything of the canary is in a table, a view or what was logged
// from now on.
func (r *rig) gone() {
	r.t.Helper()
	r.noSecrets(canaries...)
}

func (r *rig) protected() *warehouse.DB {
	r.t.Helper()
	db := warehouse.New(r.pool, discard)
	if err := db.Protect(r.t.Context(), r.privacy); err != nil {
		r.t.Fatal(err)
	}
	return db
}

func (r *rig) erase(e erasure.Erasure) erasure.Counts {
	r.t.Helper()
	db := r.protected()
	counts, err := erasure.New(db).Erase(r.t.Context(), e)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := db.RefreshAnalytics(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	return counts
}

// content digests all rows of all tables but those of runs.
func (r *rig) content() string {
	r.t.Helper()
	var all strings.Builder
	for table := range strings.FieldsSeq(r.text(`SELECT string_agg(oid::regclass::text, ' ' ORDER BY oid::regclass::text) FROM pg_class
		WHERE relnamespace IN ('realtimekit'::regnamespace, 'sync'::regnamespace, 'analytics'::regnamespace) AND relkind = 'r'
		  AND relname NOT IN ('runs', 'run_sessions', 'request_budgets')`)) {
		all.WriteString(table + r.text(`SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM `+table+` AS t`))
	}
	return all.String()
}

func withEverything() pipeline.Plan {
	plan := everything
	plan.Optional.PeerAddresses = true
	return plan
}

// Whoever was erased is in no table, and no path brings them back.
func TestErasedPersonStaysAway(t *testing.T) {
	t.Parallel()
	for _, mode := range sampling.Of(1, []privacy.Mode{privacy.Remove, privacy.Pseudonymise}) {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			data := aviary()
			data.Apps[0].Sessions[3].Participants[0].DisplayName = "erased-canarycanarycana" // they choose what they like
			r := newRig(t, data)
			r.privacy.Key = newKey(t, "first")
			r.must(withEverything(), model.RunPartial)
			const inside = `SELECT count(*) FROM realtimekit.participants WHERE custom_participant_id = '` + canaryCustom + `'`
			if n := r.number(inside); n != 5 {
				t.Fatalf("the canary is in %d rows, want 5", n)
			}
			participants, usage := r.number(`SELECT count(*) FROM realtimekit.participants`), r.usage()
			rejects := r.number(`SELECT count(*) FROM sync.rejected_records`)

			wanted := erasure.Erasure{CustomIDs: []string{canaryCustom}, Mode: mode}
			dry, before := wanted, r.content()
			dry.DryRun = true
			foreseen := r.erase(dry)
			if r.content() != before {
				t.Error("a dry run wrote something")
			}
			did := r.erase(wanted)
			if did != foreseen {
				t.Errorf("a dry run foresaw %+v, done was %+v", foreseen, did)
			}
			if did.Participants != 5 || did.PeerEvents < 14 || did.PeerReports != 5 || did.MeetingParticipants < 5 || did.RejectedRecords != rejects-1 || did.MaskedTexts < 5 {
				t.Errorf("did %+v with %d rejected records", did, rejects)
			}
			r.log.Reset()
			r.gone()
			if again := r.erase(wanted); again != (erasure.Counts{}) {
				t.Errorf("a second time did %+v", again)
			}

			// Every path that reads the API or the books anew.
			r.must(allHistory, model.RunPartial) // somebody else's record is still set aside
			r.gone()
			r.retry()
			r.gone()
			r.sim.Update(func(d *simulator.Data) { // they join again, enrolled anew, in a new session
				s, p := *d.Apps[0].Sessions[0], *d.Apps[0].Sessions[0].Participants[0]
				s.ID, s.MaxConcurrent, s.Participants = "00000000-0000-4000-8000-00000000abcd", 1, []*simulator.Participant{&p}
				s.CreatedAt = s.CreatedAt.Add(time.Second)
				p.Events = append([]simulator.PeerEvent{}, p.Events...)
				canary(&p, 77)
				d.Apps[0].Sessions = append(d.Apps[0].Sessions, &s)
			})
			if got := r.must(withEverything(), model.RunSucceeded).Optional; got.PeersAsked != 0 {
				t.Errorf("%d peers of an erased person were asked for", got.PeersAsked)
			}
			r.gone()
			r.must(allHistory, model.RunPartial)
			r.gone()

			// Books and counts stay honest.
			if n := r.number(`SELECT count(*) FROM sync.session_states WHERE complete_at IS NULL`); n != 0 {
				t.Errorf("%d sessions are not complete any more", n)
			}
			if n := r.number(`SELECT count(*) FROM realtimekit.participants WHERE removed_at IS NOT NULL`) +
				r.number(`SELECT count(*) FROM realtimekit.meeting_participants WHERE removed_at IS NOT NULL`); n != 0 {
				t.Errorf("%d rows were marked as removed", n)
			}
			if n := r.number(`SELECT count(*) FROM sync.session_states AS s WHERE distinct_participants <> erased_participants +
				(SELECT count(*) FROM realtimekit.participants AS p WHERE p.session_id = s.session_id) +
				(SELECT count(*) FROM sync.rejected_records AS r WHERE r.session_id = s.session_id AND entity = 'participant')`); mode == privacy.Remove && n != 0 {
				t.Errorf("in %d sessions the counts do not add up", n)
			}
			if n := r.number(`SELECT count(*) FROM analytics.data_quality WHERE check_name = 'erased_participants'`); mode == privacy.Remove && n < 2 {
				t.Errorf("data_quality says of %d sessions that people were erased, want all that had one", n)
			}
			if n := r.number(`SELECT count(*) FROM realtimekit.participants WHERE display_name ~ '^erased-'`); mode == privacy.Pseudonymise && n != 6 || mode == privacy.Remove && n != 0 {
				t.Errorf("%d rows have a pseudonym", n)
			}
			if mode == privacy.Pseudonymise {
				if n := r.number(`SELECT count(*) FROM realtimekit.participants`); n < participants {
					t.Errorf("%d participants of %d are left", n, participants)
				}
				if n := r.number(`SELECT count(DISTINCT display_name) FROM realtimekit.participants WHERE display_name ~ '^erased-'`); n != 1 {
					t.Errorf("the person has %d names", n)
				}
				if after := r.usage(); !strings.Contains(after, usage) {
					t.Errorf("usage by day was\n%s\nand is\n%s", usage, after)
				}
			}
			rows := r.versions() + r.optionalVersions()
			r.must(allHistory, model.RunPartial)
			if r.versions()+r.optionalVersions() != rows {
				t.Error("reading unchanged sessions again wrote rows")
			}
		})
	}
}

// usage gives the days on which the six first sessions lie.
func (r *rig) usage() string {
	return r.text(`SELECT string_agg(concat_ws(' ', usage_date, unique_people, unique_custom_ids, participants, round(person_seconds)), E'\n' ORDER BY usage_date)
		FROM analytics.usage_days WHERE usage_date <= '2026-11-16'`)
}

// A run that has read the person already when they are erased does not store
// them.
func TestErasureDuringARun(t *testing.T) {
	t.Parallel()
	for path, plan := range sampling.Named(1, map[string]pipeline.Plan{
		"*/sessions/*/participants": allHistory,
		"*/meetings/*/participants": withEverything(),
		"*/peer-report/*":           withEverything(),
	}) {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, aviary())
			r.privacy.Key = newKey(t, "first")
			r.config.Concurrency = 1
			second := r.beside()
			var did erasure.Counts
			r.sim.Script(simulator.Fault{Path: path, Nth: 1, Answer: func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				did = second.erase(erasure.Erasure{CustomIDs: []string{canaryCustom}, UserIDs: users(), Mode: privacy.Remove})
				next.ServeHTTP(w, req) // the run has its filter by now
			}})
			if _, err := r.run(t.Context(), plan); err != nil {
				t.Fatal(err)
			}
			if did.Identifiers == 0 {
				t.Fatal("nothing was erased during the run")
			}
			r.log.Reset() // it names peers that were asked for before
			r.gone()
			if n := r.number(`SELECT count(*) FROM realtimekit.participants`); n < 20 {
				t.Errorf("only %d participants were stored", n)
			}
		})
	}
}

// Runs, backfills and retries go on while people are erased one after the other:
// nobody waits for ever, and nobody is left.
func TestErasureAmongRuns(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 12, Participants: 6, EventsPerParticipant: 3}, 62, at)
	var people []*simulator.Participant
	for i, s := range data.Apps[0].Sessions {
		p := s.Participants[i%6]
		p.DisplayName, p.UserID, p.CustomParticipantID = fmt.Sprintf("Canary number %d", i), userOf(i), fmt.Sprintf("canary-%d", i)
		people = append(people, p)
		if i%3 == 0 {
			s.Participants[(i+1)%6].Extra = simulator.Extra{"joined_at": json.RawMessage(`"yesterday"`)}
		}
	}
	r := newRig(t, data)
	r.privacy.Key = newKey(t, "first")
	r.must(withEverything(), model.RunPartial)
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for _, plan := range []pipeline.Plan{allHistory, withEverything()} {
		beside := r.beside()
		group.Go(func() {
			for ctx.Err() == nil {
				if _, err := beside.run(ctx, plan); err != nil && ctx.Err() == nil {
					t.Errorf("%s: %v", plan.Kind, err)
				}
			}
		})
	}
	beside := r.beside()
	group.Go(func() {
		for ctx.Err() == nil {
			beside.retry()
		}
	})
	for i, p := range people {
		mode := []privacy.Mode{privacy.Remove, privacy.Pseudonymise}[i%2]
		if did := r.erase(erasure.Erasure{UserIDs: []string{p.UserID}, CustomIDs: []string{p.CustomParticipantID}, Mode: mode}); did.Participants == 0 {
			t.Errorf("person %d: did %+v", i, did)
		}
	}
	stop()
	group.Wait()
	last := allHistory // without the checkpoint of the one that was stopped
	last.From = at.AddDate(-2, 0, 0)
	r.must(last, model.RunPartial)
	r.log.Reset()
	r.noSecrets("Canary number")
	for _, p := range people {
		r.noSecrets(p.UserID, p.ID)
	}
	if n := r.number(`SELECT count(*) FROM sync.session_states WHERE complete_at IS NULL`) +
		r.number(`SELECT count(*) FROM realtimekit.participants WHERE removed_at IS NOT NULL`); n != 0 {
		t.Errorf("%d sessions or participants are not as they were", n)
	}
}

func users() (all []string) {
	for i := range 6 {
		all = append(all, userOf(i))
	}
	return all
}

// One who has no other id than that of the participant.
func TestErasureByParticipantID(t *testing.T) {
	t.Parallel()
	data := aviary()
	p := data.Apps[0].Sessions[0].Participants[0]
	p.UserID, p.CustomParticipantID = "", ""
	for i := range p.Events {
		p.Events[i].ParticipantID = p.ID
	}
	data.Apps[0].Sessions[0].Participants[1].Extra = nil
	r := newRig(t, data)
	r.privacy.Key = newKey(t, "first")
	r.must(cheap, model.RunPartial)
	id, err := model.ParseUUID(strings.ToUpper(p.ID))
	if err != nil {
		t.Fatal(err)
	}
	if did := r.erase(erasure.Erasure{ParticipantIDs: []model.UUID{id}, Mode: privacy.Remove}); did.Participants != 1 || did.Identifiers != 1 {
		t.Errorf("did %+v", did)
	}
	r.must(allHistory, model.RunPartial)
	if n := r.number(`SELECT count(*) FROM realtimekit.participants WHERE participant_id = $1::uuid`, p.ID); n != 0 {
		t.Error("the participant is back")
	}
	if n := r.number(`SELECT count(*) FROM realtimekit.participants WHERE custom_participant_id = $1`, canaryCustom); n != 4 {
		t.Errorf("%d other rows are left, want 4", n)
	}
}

// A user_id is that of one meeting: the person's other rows stay, and the answer
// says so. In another app the same custom id is somebody else.
func TestErasureKeepsToWhatWasAsked(t *testing.T) {
	t.Parallel()
	data := aviary()
	r := newRig(t, data)
	r.privacy.Key = newKey(t, "first")
	r.must(cheap, model.RunPartial)
	did := r.erase(erasure.Erasure{UserIDs: []string{userOf(0)}, Mode: privacy.Remove})
	if did.Participants != 1 || did.ParticipantsOfSameCustomID != 4 {
		t.Errorf("did %+v", did)
	}
	elsewhere := erasure.Erasure{CustomIDs: []string{canaryCustom}, AppID: "another app", Mode: privacy.Remove}
	if _, err := erasure.New(r.protected()).Erase(t.Context(), elsewhere); !errors.Is(err, model.ErrUsage) || !strings.Contains(err.Error(), "no app") {
		t.Errorf("an unknown app gave %v", err)
	}
	if err := load.New(r.protected()).SaveApps(t.Context(), model.Run{}, []model.App{{ID: "another app", AccountID: "acc"}}); err != nil {
		t.Fatal(err)
	}
	did = r.erase(elsewhere)
	if did.Participants != 0 || did.Identifiers != 1 {
		t.Errorf("in another app did %+v", did)
	}
	r.must(allHistory, model.RunPartial)
	if n := r.number(`SELECT count(*) FROM realtimekit.participants WHERE custom_participant_id = $1`, canaryCustom); n != 4 {
		t.Errorf("%d rows are left, want 4", n)
	}
	// Pseudonyms are found again when the person is to be removed after all.
	r.erase(erasure.Erasure{CustomIDs: []string{canaryCustom}, Mode: privacy.Pseudonymise})
	r.erase(erasure.Erasure{CustomIDs: []string{canaryCustom}, Mode: privacy.Remove})
	if n := r.number(`SELECT count(*) FROM sync.suppressions WHERE mode = 'pseudonymise'`); n != 0 {
		t.Errorf("%d identifiers are still to be pseudonymised", n)
	}
	if n := r.number(`SELECT count(*) FROM realtimekit.participants WHERE display_name ~ '^erased-'`) +
		r.number(`SELECT count(*) FROM realtimekit.meeting_participants WHERE display_name ~ '^erased-'`); n != 0 {
		t.Errorf("%d pseudonyms are left", n)
	}
	r.must(allHistory, model.RunPartial)
	r.log.Reset()
	r.gone()
}

// Without the right key nothing is stored at all, also by a run that is under way.
func TestWrongKeyIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, aviary())
	r.must(cheap, model.RunPartial) // no key is needed as long as nobody was erased
	r.privacy.Key = newKey(t, "first")
	r.erase(erasure.Erasure{CustomIDs: []string{canaryCustom}, Mode: privacy.Remove})
	before := r.content()
	for name, key := range map[string]*privacy.Key{"no key": nil, "another key": newKey(t, "other")} {
		r.privacy.Key = key
		if _, err := r.run(t.Context(), allHistory); !errors.Is(err, model.ErrUsage) || !strings.Contains(err.Error(), "come back") {
			t.Errorf("%s: %v", name, err)
		}
		if r.content() != before {
			t.Errorf("%s: something was written", name)
		}
		logger, rows := discard, r.versions()+r.optionalVersions()
		if _, err := pipeline.New(r.config, r.client(), stores.Open(r.pool, logger), logger).Run(t.Context(), allHistory); !errors.Is(err, model.ErrUsage) {
			t.Errorf("%s, a store that was not told: %v", name, err)
		}
		if r.versions()+r.optionalVersions() != rows {
			t.Errorf("%s, a store that was not told wrote rows", name)
		}
		before = r.content() // the reason stands with the app
	}
	r.privacy.Key = newKey(t, "first")
	r.must(allHistory, model.RunPartial)
}

// Whoever's id begins with that of an erased person keeps all that is theirs.
func TestErasureTakesNobodyElse(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 4, EventsPerParticipant: 3}, 61, at)
	session := data.Apps[0].Sessions[0]
	for i, id := range []string{"student-1", "student-12", "student-13", "student-14"} {
		session.Participants[i].CustomParticipantID = id
	}
	session.Participants[1].Extra = simulator.Extra{"joined_at": json.RawMessage(`"yesterday"`)}
	session.Participants[2].Extra = simulator.Extra{"buddy": json.RawMessage(`"student-12"`), "note": json.RawMessage(`"with student-1, and student-1-b"`)}
	session.Extra = simulator.Extra{"host": json.RawMessage(`"student-13"`), "student-1": json.RawMessage(`1`)}
	r := newRig(t, data)
	r.privacy = warehouse.Privacy{Key: newKey(t, "a key of its own")}
	r.mustRun(model.RunPartial)
	counts := r.erase(erasure.Erasure{CustomIDs: []string{"student-1"}, Mode: privacy.Remove})
	if counts.RejectedRecords != 0 || r.number(`SELECT count(*) FROM sync.rejected_records`) != 1 {
		t.Errorf("the record of another was taken: %+v", counts)
	}
	if got := r.number(`SELECT erased_participants FROM sync.session_states`); got != 1 {
		t.Errorf("%d participants count as erased, want 1", got)
	}
	want := `{"note": "with [erased], and student-1-b", "buddy": "student-12"} {"host": "student-13", "[erased]": 1}`
	if got := r.text(`SELECT concat_ws(' ', p.extra, s.extra) FROM realtimekit.participants AS p JOIN realtimekit.sessions AS s USING (session_id)
		WHERE p.extra IS NOT NULL`); got != want {
		t.Errorf("others now say %s, want %s", got, want)
	}
}

// An identifier stands in JSON in its own spelling, and its digits may be part of
// any number.
func TestErasureReadsJSON(t *testing.T) {
	t.Parallel()
	for id, texts := range map[string][2]string{
		"63462400":     {`{"at_ms": 1763462400123, "badge": 63462400}`, `{"at_ms": 1763462400123, "badge": "[erased]"}`},
		`O"Brien-1234`: {`{"by": "O\"Brien-1234"}`, `{"by": "[erased]"}`},
		`SCHOOL\user1`: {`{"by": "SCHOOL\\user1"}`, `{"by": "[erased]"}`},
		`": "zzzz`:     {`{"aaa": "zzzzzz"}`, `{"aaa": "zzzzzz"}`},
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 2, EventsPerParticipant: 1}, 61, at)
			session := data.Apps[0].Sessions[0]
			session.Participants[0].CustomParticipantID = id
			session.Participants[1].Extra = simulator.Extra{"zz": json.RawMessage(texts[0])}
			r := newRig(t, data)
			r.privacy = warehouse.Privacy{Key: newKey(t, "a key of its own")}
			r.mustRun(model.RunSucceeded)
			r.erase(erasure.Erasure{CustomIDs: []string{id}, Mode: privacy.Remove})
			if got := r.text(`SELECT (extra->'zz')::text FROM realtimekit.participants`); got != texts[1] {
				t.Errorf("got %s, want %s", got, texts[1])
			}
		})
	}
}
