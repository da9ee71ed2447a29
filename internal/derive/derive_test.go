package derive_test

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/model"
)

// By hand: a session of an hour with one person on two devices, of which one leaves
// and joins again, and another who is known by the participant's row alone and whose
// leaving nobody recorded. That both agree with SQL is shown in internal/load.
func TestFrom(t *testing.T) {
	t.Parallel()
	const minute = 60e6
	s := &derive.Session{
		StartsAt: 0, EndsAt: 60 * minute,
		Participants: []derive.Participant{
			{ID: model.UUID{1}, UserID: "ana", Preset: "host", JoinedAt: derive.None, LeftAt: derive.None},
			{ID: model.UUID{2}, UserID: "ana", Preset: "host", JoinedAt: derive.None, LeftAt: derive.None},
			{ID: model.UUID{3}, CustomID: "bo", JoinedAt: 30 * minute, LeftAt: derive.None},
		},
		Events: []derive.Event{
			{Participant: 1, Move: 1, At: 15 * minute},
			{Participant: 0, Move: -1, At: 20 * minute},
			{Participant: 0, Move: 1, At: 10 * minute},
			{Participant: 1, Move: -1, At: 25 * minute},
			{Participant: 1, Move: 1, At: 40 * minute},
			{Participant: 1, Move: -1, At: 45 * minute},
		},
	}
	want := &derive.Derived{
		Presences: []derive.Presence{
			{Participant: 0, JoinedAt: 10 * minute, LeftAt: 20 * minute, Number: 1, Kind: 'l', ByEvents: true},
			{Participant: 1, JoinedAt: 15 * minute, LeftAt: 25 * minute, Number: 1, Kind: 'l', ByEvents: true},
			{Participant: 1, JoinedAt: 40 * minute, LeftAt: 45 * minute, Number: 2, Kind: 'l', ByEvents: true},
			{Participant: 2, JoinedAt: 30 * minute, LeftAt: 60 * minute, Number: 1, Kind: 'e'},
		},
		People: []derive.Person{
			{
				ID: "ana", UserID: "ana", Guest: true, Preset: "host", FirstJoinAt: 10 * minute, LastLeaveAt: 45 * minute, Present: 20 * minute, Share: 3333, Participants: 2,
				Presence: []derive.Span{{Start: 10 * minute, End: 25 * minute}, {Start: 40 * minute, End: 45 * minute}},
			},
			{
				ID: "bo", CustomID: "bo", FirstJoinAt: 30 * minute, LastLeaveAt: 60 * minute, Present: 30 * minute, Share: 5000, Participants: 1,
				Open: true, ByRow: true, Presence: []derive.Span{{Start: 30 * minute, End: 60 * minute}},
			},
		},
		Figures: derive.Figures{
			People: 2, Participants: 3, PeakPeople: 2, PeakParticipants: 2, PeakWithMachines: 2, PersonTime: 50 * minute, ParticipantTime: 55 * minute,
			AverageShare: 4167, Rejoins: 1, FirstJoinAt: 10 * minute, LastLeaveAt: 60 * minute, Open: 1, Presences: 4, AssumedLeavings: 1,
			Curve: []derive.Step{
				{At: 10 * minute, People: 1, Participants: 1},
				{At: 15 * minute, People: 1, Participants: 2},
				{At: 20 * minute, People: 1, Participants: 1},
				{At: 25 * minute},
				{At: 30 * minute, People: 1, Participants: 1},
				{At: 40 * minute, People: 2, Participants: 2},
				{At: 45 * minute, People: 1, Participants: 1},
				{At: 60 * minute},
			},
			Days: []derive.Day{{People: 2, Present: 50 * minute}},
			Presets: []derive.PresetDay{
				{Preset: "host", People: 1, Participants: 2, PersonTime: 20 * minute, ParticipantTime: 25 * minute},
				{People: 1, Participants: 1, PersonTime: 30 * minute, ParticipantTime: 30 * minute},
			},
		},
	}
	if diff := cmp.Diff(want, derive.From(s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// BenchmarkSharedID derives a session in which all participants have the id of one person.
// Ten times as many are to take about ten times as long.
func BenchmarkSharedID(b *testing.B) {
	const minute = 60e6
	for _, n := range []int{1_000, 10_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := &derive.Session{EndsAt: 60 * minute}
			for i := range n {
				s.Participants = append(s.Participants, derive.Participant{ID: model.UUID{byte(i >> 8), byte(i)}, CustomID: "all", JoinedAt: 10 * minute, LeftAt: 20 * minute})
				s.Events = append(s.Events, derive.Event{Participant: i, Move: 1, At: 10 * minute}, derive.Event{Participant: i, Move: -1, At: 20 * minute})
			}
			for b.Loop() {
				derive.From(s)
			}
		})
	}
}
