package usage

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/derive"
)

// Steps are added up the same however many lists they come in, and what cancels is gone.
func TestStepsAreAddedUp(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	want := map[derive.Time]Step{}
	var all sum
	list := func(sign int32) []Step {
		steps := make([]Step, rng.IntN(60))
		for i := range steps {
			steps[i] = Step{At: derive.Time(rng.IntN(20_000)), People: sign * rng.Int32N(2), Participants: rng.Int32N(3) - 1}
		}
		slices.SortFunc(steps, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
		return steps
	}
	for n := range 2000 {
		steps := list(1 - 2*int32(n%2))
		all.add(steps)
		for _, s := range steps {
			at := want[s.At]
			want[s.At] = Step{s.At, at.People + s.People, at.Participants + s.Participants}
		}
	}
	got := all.settled()
	if !slices.IsSortedFunc(got, func(a, b Step) int { return cmp.Compare(a.At, b.At) }) {
		t.Error("the steps are out of order")
	}
	for _, s := range got {
		if s != want[s.At] || s.People == 0 && s.Participants == 0 {
			t.Errorf("at %d: %+v, want %+v", s.At, s, want[s.At])
		}
		delete(want, s.At)
	}
	for _, s := range want {
		if s.People != 0 || s.Participants != 0 {
			t.Errorf("nothing at %d, want %+v", s.At, s)
		}
	}
}
