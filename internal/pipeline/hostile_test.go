package pipeline_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// incompressible is a text that a Postgres index cannot make smaller.
func incompressible(size int) string {
	rng := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, size)
	for i := range text {
		text[i] = byte('!' + rng.IntN(90))
	}
	return string(text)
}

func jsonText(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}

// What one record says must not keep the usage by day, or anything else, from all
// the others: what no database could add up or index is set aside.
func TestOneHostileRecordHarmsNoOther(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		entity string
		spoil  func(s *simulator.Session)
	}{
		"minutes beyond any sum": {model.EntitySession, func(s *simulator.Session) {
			s.Extra = simulator.Extra{"minutes_consumed": json.RawMessage("1.5e308")}
		}},
		"a preset that no index holds": {model.EntityParticipant, func(s *simulator.Session) {
			s.Participants[0].Extra = simulator.Extra{"preset_name": jsonText(incompressible(8 << 10))}
		}},
		"a view type that no index holds": {model.EntityPeerEvent, func(s *simulator.Session) {
			s.Participants[0].Events[0].Extra = simulator.Extra{"preset_view_type": jsonText(incompressible(8 << 10))}
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 4, Participants: 3, EventsPerParticipant: 2}, 61, at)
			for _, s := range data.Apps[0].Sessions[:2] { // two of them would overflow a sum
				tt.spoil(s)
			}
			r := newRig(t, data)
			r.mustRun(model.RunPartial)
			if got := r.number(`SELECT count(*) FROM sync.rejected_records WHERE entity = $1 AND resolved_at IS NULL`, tt.entity); got != 2 {
				t.Errorf("%d records of entity %s are set aside, want 2: %s", got, tt.entity, r.text(`SELECT string_agg(entity || ' ' || reason, ', ') FROM sync.rejected_records`))
			}
			if got := r.number(`SELECT count(*) FROM analytics.usage_days`); got == 0 {
				t.Error("no usage was computed")
			}
			if got := r.number(`SELECT count(*) FROM analytics.stale_sessions`); got != 0 {
				t.Errorf("%d sessions wait for their usage", got)
			}
			if got := r.number(`SELECT count(*) FROM analytics.reconciliation`); got == 0 {
				t.Error("nothing to reconcile")
			}
		})
	}
}

// A value of unknown meaning may be of any size: it is kept, if need be as text.
func TestUnknownMemberOfAnySizeIsKept(t *testing.T) {
	t.Parallel()
	// Postgres takes a gigabyte to read this list as one.
	value := "[" + strings.Repeat("1,", 17_000_000) + "1]"
	data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 2, Participants: 2, EventsPerParticipant: 1}, 62, at)
	data.Apps[0].Sessions[0].Participants[0].Extra = simulator.Extra{"zz": json.RawMessage(value)}
	r := newRig(t, data)
	r.mustRun(model.RunSucceeded)
	got := r.text(`SELECT jsonb_typeof(extra->'zz') || ' ' || length(extra->>'zz') FROM realtimekit.participants WHERE extra ? 'zz'`)
	if want := fmt.Sprintf("string %d", len(value)); got != want {
		t.Errorf("kept %s, want %s", got, want)
	}
}

// A session belongs to one app. Where two claim it, whoever reads the log learns
// of it.
func TestSessionOfTwoAppsIsTold(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Apps: 2, Sessions: 2, Participants: 2, EventsPerParticipant: 1}, 63, at)
	first, second := &data.Apps[0], &data.Apps[1]
	second.Sessions = append(second.Sessions, first.Sessions[0])
	r := newRig(t, data)
	r.config.AppIDs = []string{first.ID, second.ID}
	r.mustRun(model.RunSucceeded)
	if got := r.text(`SELECT string_agg(app_id, ' ') FROM realtimekit.sessions WHERE session_id = $1`, first.Sessions[0].ID); got != first.ID {
		t.Errorf("stored for %q, want %q", got, first.ID)
	}
	want := fmt.Sprintf(`"session_id":"%s","stored_for":"%s","also_listed_by":"%s"`, first.Sessions[0].ID, first.ID, second.ID)
	if strings.Count(r.log.String(), want) != 1 {
		t.Errorf("the log does not say %s once:\n%s", want, r.log)
	}
}

// Whatever values come through, in whatever company, every view and table of
// analytics can be read, and no run fails.
func TestNoValueBreaksAView(t *testing.T) {
	t.Parallel()
	for _, seed := range sampling.Part(sampling.Size(1, 6)) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			data := simulator.Generate(simulator.Size{Apps: 1, Sessions: 10, Participants: 6, EventsPerParticipant: 5}, seed, at)
			odd := oddity{rand.New(rand.NewPCG(seed, 9))}
			for _, s := range data.AllSessions() {
				odd.session(s)
			}
			r := newRig(t, data)
			for _, plan := range []pipeline.Plan{{Kind: model.KindBackfill, From: at.AddDate(-2025, 0, 0), Full: true}, everything} {
				if _, err := r.run(t.Context(), plan); err != nil {
					t.Fatal(err)
				}
			}
			if got := r.number(`SELECT count(*) FROM analytics.participant_intervals`); got == 0 {
				t.Error("no presence, so the test shows little")
			}
			views := strings.FieldsSeq(r.text(`SELECT string_agg(oid::regclass::text, ' ') FROM pg_class
				WHERE relnamespace = 'analytics'::regnamespace AND relkind IN ('r', 'v')`))
			for view := range views {
				if _, err := r.pool.Exec(t.Context(), `SELECT * FROM `+view); err != nil {
					t.Errorf("%s: %v", view, err)
				}
			}
		})
	}
}

// oddity gives records values that are odd and yet ones of their kind.
type oddity struct{ *rand.Rand }

func (o oddity) one(values ...string) json.RawMessage {
	return json.RawMessage(values[o.IntN(len(values))])
}

func (o oddity) time() json.RawMessage {
	return o.one(`"0002-01-01T00:00:00Z"`, `"9999-12-31T23:59:59.999999Z"`, `null`, `""`, `"1970-01-01T00:00:00Z"`, `"2026-11-18T10:00:00Z"`)
}

func (o oddity) minutes() json.RawMessage {
	return o.one(`1e100`, `-1e100`, `0`, `null`, `-5`, `1e-99`, `4e-324`)
}

func (o oddity) session(s *simulator.Session) {
	s.Extra = simulator.Extra{
		"minutes_consumed": o.minutes(), "status": o.one(`"ENDED"`, `"LIVE"`, `""`, `"ODD"`, `null`), "associated_id": o.one(`"room"`, `""`, `null`),
		"max_concurrent_participants": o.one(`0`, `-5`, `null`, `9007199254740992`, `-9007199254740992`),
	}
	for _, name := range []string{"started_at", "ended_at", "created_at", "updated_at"} {
		if o.IntN(2) == 0 {
			s.Extra[name] = o.time()
		}
	}
	for _, p := range s.Participants {
		p.Extra = simulator.Extra{
			"joined_at": o.time(), "left_at": o.time(), "created_at": o.time(), "updated_at": o.time(),
			"duration": o.minutes(), "preset_name": o.one(`""`, `"a"`, `null`), "user_id": o.one(`""`, `"a"`, `null`),
		}
		for i := range p.Events {
			p.Events[i].Extra = simulator.Extra{"created_at": o.time(), "minutes_consumed": o.minutes(), "peer_id": o.one(`""`, `"a"`, `null`)}
		}
	}
}
