package pipeline_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/erasure"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/optional"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/privacy"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// bothModes are those of an erasure.
var bothModes = []privacy.Mode{privacy.Remove, privacy.Pseudonymise}

// choir is one session of four people; the first is the canary.
func choir() *simulator.Data {
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 4, EventsPerParticipant: 3}, 61, at)
	canary(data.Apps[0].Sessions[0].Participants[0], 0)
	return data
}

// nameCanary lets the API say whose the first participant of the choir is.
func nameCanary(d *simulator.Data) {
	s := d.Apps[0].Sessions[0]
	p := s.Participants[0]
	p.CustomParticipantID = canaryCustom
	p.UpdatedAt, s.UpdatedAt = p.UpdatedAt.Add(time.Minute), s.UpdatedAt.Add(time.Minute)
}

// eraseCanary erases the canary by the custom id.
func (r *rig) eraseCanary(mode privacy.Mode) erasure.Counts {
	r.t.Helper()
	r.privacy = warehouse.Privacy{Key: newKey(r.t, "canary-key")}
	return r.erase(erasure.Erasure{CustomIDs: []string{canaryCustom}, Mode: mode})
}

// The custom id comes late: a row is stored by the time the API says that it is
// that of somebody who was erased. It goes, or gets a pseudonym, and nobody is
// counted twice.
func TestErasedPersonIsRecognisedLate(t *testing.T) {
	t.Parallel()
	for _, mode := range bothModes {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			data := choir()
			data.Apps[0].Sessions[0].Participants[0].CustomParticipantID = ""
			r := newRig(t, data)
			r.eraseCanary(mode)
			r.must(withEverything(), model.RunSucceeded)
			if got := r.number(`SELECT count(*) FROM realtimekit.participants WHERE display_name = $1`, canaryName); got != 1 {
				t.Fatalf("%d rows of whom nothing said that they were erased", got)
			}
			r.exec(excused, canaryName)
			r.sim.Update(nameCanary)
			r.newLog()
			r.must(withEverything(), model.RunSucceeded)
			r.gone()
			want := map[privacy.Mode]int{privacy.Remove: 3, privacy.Pseudonymise: 4}[mode]
			if got := r.number(`SELECT count(*) FROM realtimekit.participants WHERE removed_at IS NULL`); got != want {
				t.Errorf("%d participants, want %d", got, want)
			}
			if got := r.number(`SELECT unique_people FROM analytics.session_summary`); got != want {
				t.Errorf("%d people, want %d", got, want)
			}
			if got := r.number(`SELECT count(*) FROM realtimekit.participants`); got != want {
				t.Errorf("%d rows, want %d", got, want)
			}
			r.must(allHistory, model.RunSucceeded)
			r.gone()
		})
	}
}

// So it is where the record that says so cannot be used, and where the person is
// enrolled under another identifier.
func TestErasedPersonIsRecognisedLateElsewhere(t *testing.T) {
	t.Parallel()
	for _, mode := range bothModes {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			data := choir()
			data.Apps[0].Sessions[0].Participants[0].CustomParticipantID = ""
			r := newRig(t, data)
			r.eraseCanary(mode)
			r.must(cheap, model.RunSucceeded)
			r.sim.Update(nameCanary)
			r.sim.Update(func(d *simulator.Data) {
				d.Apps[0].Sessions[0].Participants[0].Extra = simulator.Extra{"joined_at": json.RawMessage(`"yesterday"`)}
			})
			r.sim.Update(another) // so that the meeting is read again
			r.newLog()
			r.must(cheap, model.RunSucceeded)
			r.gone()
			enrolled := map[privacy.Mode]int{privacy.Remove: 3, privacy.Pseudonymise: 4}[mode]
			if got := r.number(`SELECT count(*) FROM realtimekit.meeting_participants WHERE removed_at IS NULL`); got != enrolled {
				t.Errorf("%d people are enrolled, want %d", got, enrolled)
			}
		})
	}
}

// Many sessions at once of people who are recognised late, one of them slow.
func TestManyAreRecognisedLate(t *testing.T) {
	t.Parallel()
	const sessions = 40
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: sessions, Participants: 3, EventsPerParticipant: 2}, 62, at)
	for i, s := range data.Apps[0].Sessions {
		canary(s.Participants[0], i)
		s.Participants[0].CustomParticipantID = ""
	}
	r := newRig(t, data)
	r.config.Concurrency = 16
	r.eraseCanary(privacy.Remove)
	r.must(allHistory, model.RunSucceeded)
	r.sim.Update(func(d *simulator.Data) {
		for _, s := range d.Apps[0].Sessions {
			s.Participants[0].CustomParticipantID = canaryCustom
			s.Participants[0].UpdatedAt = s.Participants[0].UpdatedAt.Add(time.Minute)
		}
	})
	r.sim.Reset()
	r.newLog()
	r.must(allHistory, model.RunSucceeded)
	r.gone()
	if got := r.requests(simulator.RouteParticipants); got != sessions {
		t.Errorf("%d requests for participants, want each session read once", got)
	}
}

// A person whose pseudonym is there already, from a reading after the row was
// stored, is pseudonymised all the same.
func TestPseudonymThatIsTaken(t *testing.T) {
	t.Parallel()
	r := newRig(t, choir())
	r.must(cheap, model.RunSucceeded)
	r.eraseCanary(privacy.Pseudonymise)
	// Let in again, as docs/privacy.md says.
	r.exec(`DELETE FROM sync.suppressions`)
	r.exec(`UPDATE sync.privacy SET generation = generation + 1`)
	r.must(allHistory, model.RunSucceeded)
	r.exec(`UPDATE sync.meeting_states SET sessions_seen = NULL`)
	r.must(cheap, model.RunSucceeded)
	if got := r.number(`SELECT count(*) FROM realtimekit.participants`); got != 5 {
		t.Fatalf("%d rows, want the pseudonym and the person beside it", got)
	}
	r.newLog()
	r.eraseCanary(privacy.Pseudonymise)
	r.gone()
	if p, e := r.number(`SELECT count(*) FROM realtimekit.participants`), r.number(`SELECT count(*) FROM realtimekit.meeting_participants`); p != 4 || e != 4 {
		t.Errorf("%d participants and %d enrolled, want 4 and 4", p, e)
	}
}

// A role that may not erase says what to do, loads everything else, and nothing of
// the person comes in meanwhile.
func TestRoleThatMayNotEraseLate(t *testing.T) {
	t.Parallel()
	data := choir()
	s := data.Apps[0].Sessions[0]
	p := s.Participants[0]
	p.CustomParticipantID = ""
	r := newRig(t, data)
	r.eraseCanary(privacy.Remove)
	r.mustRun(model.RunSucceeded)
	r.sim.Update(nameCanary)
	r.sim.Update(another)
	owner := r.pool
	r.pool = r.asLoader()
	r.mustRun(model.RunPartial)
	want := "rollcall erase --participant-id " + p.ID + " --yes"
	if got := r.text(`SELECT last_error FROM sync.session_states WHERE session_id = $1`, s.ID); !strings.HasSuffix(got, want) {
		t.Errorf("the session failed with %q, want %q", got, want)
	}
	r.pool = owner
	if got := r.number(`SELECT count(*) FROM realtimekit.sessions`); got != 2 {
		t.Errorf("%d sessions, want the other one, too", got)
	}
	id, _ := model.ParseUUID(p.ID)
	r.erase(erasure.Erasure{ParticipantIDs: []model.UUID{id}, Mode: privacy.Remove})
	r.newLog()
	r.pool = r.asLoader()
	r.mustRun(model.RunSucceeded)
	r.pool = owner
	r.gone()
}

// asLoader connects as the role that only loads.
func (r *rig) asLoader() *pgxpool.Pool {
	r.t.Helper()
	if _, err := postgres.EnsureLoader(r.t.Context(), r.pool, postgres.Role{Password: secret.New("only-loads")}); err != nil {
		r.t.Fatal(err)
	}
	as, err := url.Parse(r.database.Reveal())
	if err != nil {
		r.t.Fatal(err)
	}
	as.User = url.UserPassword(postgres.Loader, "only-loads")
	pool := pgtest.Open(r.t, as.String(), 8)
	return pool
}

// Nobody else is put on the list because an event of the erased person names them,
// and what events of others say of the person goes.
func TestEventsThatNameOthers(t *testing.T) {
	t.Parallel()
	for _, mode := range bothModes {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			data := choir()
			people := data.Apps[0].Sessions[0].Participants
			people[0].Events[1].PeerID = people[2].ID
			for i := range people[1].Events {
				people[1].Events[i].PeerID = people[0].ID
			}
			r := newRig(t, data)
			r.mustRun(model.RunSucceeded)
			r.eraseCanary(mode)
			for _, when := range []string{"after the erasure", "after a full backfill"} {
				if got := r.number(`SELECT count(*) FROM realtimekit.participants WHERE participant_id = $1 AND display_name = $2 AND removed_at IS NULL`,
					people[2].ID, people[2].DisplayName); got != 1 {
					t.Errorf("%s: %d rows of somebody whom an event of the person names, want 1", when, got)
				}
				r.gone()
				r.newLog()
				r.must(allHistory, model.RunSucceeded)
			}
			r.must(withEverything(), model.RunSucceeded)
			if got := r.number(`SELECT count(*) FROM realtimekit.peer_reports WHERE peer_id = $1`, people[0].ID); got != 0 {
				t.Errorf("%d reports of the erased peer are stored under another's", got)
			}
			r.gone()
			if got := r.number(`SELECT erased_participants FROM sync.session_states`); mode == privacy.Remove && got != 1 {
				t.Errorf("%d erased participants, want 1", got)
			}
		})
	}
}

// A record of somebody else that could not be stored is kept, but for what it says
// of the erased person.
func TestRejectedRecordOfAnotherStays(t *testing.T) {
	t.Parallel()
	data := choir()
	people := data.Apps[0].Sessions[0].Participants
	people[2].Extra = simulator.Extra{"joined_at": json.RawMessage(`"yesterday"`), "invited_by": json.RawMessage(`"` + canaryCustom + `"`)}
	r := newRig(t, data)
	r.mustRun(model.RunPartial)
	r.eraseCanary(privacy.Remove)
	for _, when := range []string{"after the erasure", "after a full backfill"} {
		if got := r.text(`SELECT record_key || ' ' || (raw_text::jsonb ->> 'invited_by') FROM sync.rejected_records WHERE resolved_at IS NULL`); got != people[2].ID+" [erased]" {
			t.Errorf("%s: set aside %s", when, got)
		}
		r.gone()
		r.newLog()
		r.must(allHistory, model.RunPartial)
	}
}

// What other records say of the person is masked in whatever spelling, and stays so
// when they are read again.
func TestWhatOthersSayStaysMasked(t *testing.T) {
	t.Parallel()
	text := func(text string) json.RawMessage { return json.RawMessage(fmt.Sprintf("%q", text)) }
	data := aviary()
	for i, s := range data.Apps[0].Sessions {
		s.Extra = simulator.Extra{"note": text("host " + canaryCustom)}
		s.Participants[1].Extra = simulator.Extra{
			"note":      text("kicked by " + userOf(i) + " at noon; " + canaryCustom),
			"loud":      text("kicked by " + strings.ToUpper(userOf(i))),
			"moderator": text(strings.ToUpper(userOf(i))), canaryCustom: json.RawMessage(`1`),
		}
	}
	r := newRig(t, data)
	r.mustRun(model.RunPartial)
	r.eraseCanary(privacy.Remove)
	for _, when := range []string{"after the erasure", "after a full backfill"} {
		for _, table := range []string{"sessions", "participants"} {
			if got := r.text(`SELECT string_agg(extra::text, ' ') FROM realtimekit.` + table + ` WHERE extra::text ~* 'caaaaaaa-0000|canary-custom'`); got != "<null>" {
				t.Errorf("%s: %s say %s", when, table, got)
			}
		}
		r.must(allHistory, model.RunPartial)
	}
	if got := r.number(`SELECT count(*) FROM realtimekit.participants WHERE extra ->> 'note' = 'kicked by [erased] at noon; [erased]'`); got == 0 {
		t.Error("nothing is left of the texts")
	}
}

// A user_id that is nobody's, by the settings of the app, is that of others too: who is erased
// by the custom id takes nobody along.
func TestErasureLeavesWhoSharesAnIDOfNobody(t *testing.T) {
	t.Parallel()
	for _, mode := range bothModes {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 4, EventsPerParticipant: 3}, 61, at)
			people := data.Apps[0].Sessions[0].Participants
			for i := range people {
				people[i].UserID, people[i].CustomParticipantID = "kiosk", ""
			}
			people[0].CustomParticipantID, people[1].CustomParticipantID = canaryCustom, "somebody-else"
			people[2].Extra = simulator.Extra{"joined_at": json.RawMessage(`"yesterday"`)}
			r := newRig(t, data)
			r.mustRun(model.RunPartial)
			r.exec(`INSERT INTO analytics.settings (app_id, nobody_ids) SELECT app_id, '{kiosk}' FROM realtimekit.apps`)
			if got := r.eraseCanary(mode); got.Participants != 1 || got.RejectedRecords != 0 {
				t.Errorf("%+v, want one participant", got)
			}
			r.must(allHistory, model.RunPartial)
			if got := r.number(`SELECT count(*) FROM realtimekit.participants WHERE user_id = 'kiosk'`); got != 2 {
				t.Errorf("%d others are stored, want 2", got)
			}
		})
	}
}

// A short identifier is masked where it stands as one, and nowhere else.
func TestShortIdentifierIsMaskedAsOne(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 3, EventsPerParticipant: 3}, 61, at)
	people := data.Apps[0].Sessions[0].Participants
	people[0].CustomParticipantID = "17"
	people[1].Extra = simulator.Extra{
		"friend": json.RawMessage(`{"custom_participant_id":"17","id":"17"}`), "other": json.RawMessage(`{"custom_participant_id":17}`), "age": json.RawMessage(`17`),
	}
	r := newRig(t, data)
	r.mustRun(model.RunSucceeded)
	r.privacy = warehouse.Privacy{Key: newKey(t, "canary-key")}
	r.erase(erasure.Erasure{CustomIDs: []string{"17"}, Mode: privacy.Remove})
	for _, when := range []string{"after the erasure", "after a full backfill"} {
		if got := r.text(`SELECT extra::text FROM realtimekit.participants WHERE participant_id = $1`, people[1].ID); got !=
			`{"age": 17, "other": {"custom_participant_id": "[erased]"}, "friend": {"id": "17", "custom_participant_id": "[erased]"}}` {
			t.Errorf("%s: %s", when, got)
		}
		r.must(allHistory, model.RunSucceeded)
	}
}

// The ids of a person of whom there is only a record that was set aside are on the
// list as well.
func TestIdentifiersOfARejectedRecord(t *testing.T) {
	t.Parallel()
	data := choir()
	people := data.Apps[0].Sessions[0].Participants
	people[0].Extra = simulator.Extra{"joined_at": json.RawMessage(`"yesterday"`)}
	people[1].Extra = simulator.Extra{"moderator": json.RawMessage(`"` + people[0].UserID + `"`), "peer": json.RawMessage(`"` + people[0].ID + `"`)}
	r := newRig(t, data)
	r.mustRun(model.RunPartial)
	r.newLog()
	if got := r.eraseCanary(privacy.Remove); got.RejectedRecords != 1 || got.MaskedTexts != 1 {
		t.Errorf("%+v, want the record and what another says", got)
	}
	r.gone()
	r.must(allHistory, model.RunSucceeded)
	r.gone()
}

// What a run stores while names are replaced is not taken back.
func TestPseudonymiseLeavesWhatIsNewer(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 1, Participants: 2, EventsPerParticipant: 2}, 61, at)
	p := data.Apps[0].Sessions[0].Participants[0]
	p.Extra = simulator.Extra{"hands_raised": json.RawMessage(`1`)}
	p.Events[0].Extra = simulator.Extra{"quality": json.RawMessage(`1`)}
	r := newRig(t, data)
	r.privacy = warehouse.Privacy{Key: newKey(t, "canary-key"), Names: warehouse.NamesPseudonymised}
	r.mustRun(model.RunSucceeded)
	r.exec(`UPDATE realtimekit.participants SET extra = extra || '{"nick":"Wren"}' WHERE extra IS NOT NULL`)
	r.exec(`UPDATE realtimekit.peer_events SET extra = extra || '{"nick":"Wren"}' WHERE extra IS NOT NULL`)
	tx, err := r.pool.Begin(t.Context()) // as a run's transaction under way
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`UPDATE realtimekit.participants SET extra = '{"hands_raised":7}' WHERE extra IS NOT NULL`,
		`UPDATE realtimekit.peer_events SET extra = '{"quality":7}' WHERE extra IS NOT NULL`,
	} {
		if _, err := tx.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan error, 1)
	db := r.protected()
	go func() { _, err := erasure.New(db).PseudonymiseNames(t.Context(), false); done <- err }()
	r.untilOneWaits()
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := r.text(`SELECT (SELECT extra::text FROM realtimekit.participants WHERE extra IS NOT NULL) || (SELECT extra::text FROM realtimekit.peer_events WHERE extra IS NOT NULL)`); got != `{"hands_raised": 7}{"quality": 7}` {
		t.Errorf("what a run stored meanwhile became %s", got)
	}
}

// untilOneWaits returns once a transaction waits for the lock of another.
func (r *rig) untilOneWaits() {
	r.t.Helper()
	for began := time.Now(); r.number(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 0; {
		if time.Since(began) > time.Minute {
			r.t.Fatal("nobody waits for a lock")
		}
	}
}

// A record is tried again for the account that it is of, and not behind the
// retention horizon.
func TestRetryKeepsToAccountAndHorizon(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 2, Sessions: 8, Participants: 3, EventsPerParticipant: 1}, 51, at)
	data.Apps[1].Extra = simulator.Extra{"created_at": json.RawMessage(`"yesterday"`)}
	old := data.Apps[0].Sessions[0]
	old.Extra = simulator.Extra{"minutes_consumed": json.RawMessage(`"many"`)}
	r := newRig(t, data)
	r.mustRun(model.RunPartial)
	before := old.EndedAt.Add(48 * time.Hour).Truncate(24 * time.Hour)
	if _, err := erasure.New(warehouse.New(r.pool, discard)).Retain(t.Context(), r.config.AccountID, before, false, func(erasure.RetentionCounts) {}); err != nil {
		t.Fatal(err)
	}
	r.exec(`UPDATE sync.rejected_records SET raw_text = replace(replace(raw_text, '"yesterday"', 'null'), '"many"', '3')`)
	own := r.config.AccountID
	r.config.AccountID = "another-account"
	if got := r.retry(); got.Tried != 0 {
		t.Errorf("another account tried %+v", got)
	}
	r.config.AccountID = own
	if got := r.retry(); got.Tried != 2 || got.StillRejected != 0 {
		t.Errorf("tried %+v", got)
	}
	if got := r.number(`SELECT count(*) FROM realtimekit.apps WHERE account_id <> $1`, own); got != 0 {
		t.Errorf("%d apps are another account's", got)
	}
	if got := r.number(`SELECT count(*) FROM realtimekit.sessions WHERE session_id = $1`, old.ID); got != 0 {
		t.Error("a session behind the retention horizon is stored")
	}
}

// excused excuses the people of a name.
const excused = `INSERT INTO analytics.excuses (app_id, person_id, starts_at, ends_at, reason)
	SELECT DISTINCT f.app_id, p.person_id, f.starts_at, f.starts_at + interval '1 hour', 'flu'
	FROM analytics.session_people AS p JOIN analytics.session_figures AS f USING (session_id) WHERE p.display_name = $1`

// Excuses go with the last row of a person, by whatever id the rows were erased, and
// those of others stay.
func TestErasureOfExcuses(t *testing.T) {
	t.Parallel()
	for _, mode := range bothModes {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			data := aviary()
			single, friend := data.Apps[0].Sessions[0].Participants[3], data.Apps[0].Sessions[0].Participants[4]
			single.DisplayName, single.CustomParticipantID, single.UserID = "Single", "canary-custom-single", "canary-custom-single-user"
			friend.DisplayName = "Friend"
			r := newRig(t, data)
			r.privacy.Key = newKey(t, "first")
			r.must(allHistory, model.RunPartial)
			for _, name := range []string{canaryName, "Single", "Friend"} {
				r.exec(excused+` LIMIT 1`, name)
			}
			erase := func(what string, want int, e erasure.Erasure) {
				t.Helper()
				e.Mode = mode
				dry := e
				dry.DryRun = true
				if foreseen, did := r.erase(dry), r.erase(e); did != foreseen || did.Excuses != want {
					t.Errorf("%s: did %+v, a dry run foresaw %+v", what, did, foreseen)
				}
			}
			erase("the user_id of one meeting of several", 0, erasure.Erasure{UserIDs: users()[:1]})
			erase("the other user_ids", 1, erasure.Erasure{UserIDs: users()[1:]})
			id, err := model.ParseUUID(single.ID)
			if err != nil {
				t.Fatal(err)
			}
			erase("a participant", 1, erasure.Erasure{ParticipantIDs: []model.UUID{id}})
			if got := r.number(`SELECT count(*) FROM analytics.excuses`); got != 1 {
				t.Errorf("%d excuses are left, want that of the friend", got)
			}

			// One that is there again is all that is found.
			byCustom := erasure.Erasure{CustomIDs: []string{canaryCustom}}
			erase("the custom id", 0, byCustom)
			r.exec(`ALTER TABLE analytics.excuses DISABLE TRIGGER check_excuse`)
			r.exec(`INSERT INTO analytics.excuses (app_id, person_id, starts_at, ends_at)
				SELECT app_id, $1, starts_at, ends_at FROM analytics.excuses`, canaryCustom)
			erase("an excuse alone", 1, byCustom)
			if got := r.number(`SELECT count(*) FROM analytics.excuses`); got != 1 {
				t.Errorf("%d excuses are left, want that of the friend", got)
			}
			if got := r.number(`SELECT sum(excuses) FROM sync.erasures`); got != 3 {
				t.Errorf("the books say that %d excuses were removed", got)
			}
		})
	}
}

// What went wrong with a livestream is a text of the vendor's, who may name somebody.
func TestErasureOfLivestreamMessages(t *testing.T) {
	t.Parallel()
	r := newRig(t, aviary())
	r.privacy.Key = newKey(t, "first")
	r.must(allHistory, model.RunPartial)
	id, err := model.ParseUUID(r.text(`SELECT min(session_id::text) FROM realtimekit.sessions`))
	if err != nil {
		t.Fatal(err)
	}
	save := func(when string) {
		t.Helper()
		told := []model.LivestreamSession{{ID: "l" + when, ErrMessage: "no room for " + canaryCustom, Provenance: model.Provenance{
			Repairs: model.Repairs{"started_at": canaryCustom},
		}}}
		if _, err := optional.New(r.protected()).SaveLivestream(t.Context(), model.Run{ID: 1, StartedAt: at}, id, told, model.LivestreamRead, ""); err != nil {
			t.Fatal(err)
		}
	}
	save("before")
	r.erase(erasure.Erasure{CustomIDs: []string{canaryCustom}, Mode: privacy.Remove})
	save("after")
	if got := r.number(`SELECT count(*) FROM realtimekit.livestream_sessions WHERE err_message = 'no room for [erased]' AND repairs ->> 'started_at' = '[erased]'`); got != 2 {
		t.Errorf("%d of 2 messages say nothing of the person: %s", got, r.text(`SELECT string_agg(err_message, '; ') FROM realtimekit.livestream_sessions`))
	}
}
