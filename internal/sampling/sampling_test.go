package sampling_test

import (
	"flag"
	"maps"
	"slices"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/sampling"
)

// A bare test tries cases from all parts of a table, CI and who names a test all of them.
func TestSampling(t *testing.T) {
	run := flag.Lookup("test.run").Value
	given := run.String()
	t.Cleanup(func() { _ = run.Set(given) })
	all := []int{0, 1, 2, 3, 4, 5, 6}
	named := map[string]int{"a": 1, "b": 2, "c": 3}
	for _, c := range []struct {
		proof, run string
		three, two []int
	}{
		{"", "", []int{0, 2, 4}, []int{1, 2}},
		{"ci", "", all, []int{1, 2, 3}},
		{"each", "", []int{0, 2, 4}, []int{1, 2}},
		{"", "TestX", all, []int{1, 2, 3}},
	} {
		t.Setenv("ROLLCALL_PROOF", c.proof)
		if err := run.Set(c.run); err != nil {
			t.Fatal(err)
		}
		if got := sampling.Of(3, all); !slices.Equal(got, c.three) {
			t.Errorf("%q %q: three of them are %v", c.proof, c.run, got)
		}
		if got := sampling.Of(9, all); !slices.Equal(got, all) {
			t.Errorf("%q %q: nine of them are %v", c.proof, c.run, got)
		}
		if got := slices.Sorted(maps.Values(sampling.Named(2, named))); !slices.Equal(got, c.two) {
			t.Errorf("%q %q: two with names are %v", c.proof, c.run, got)
		}
		if got := len(sampling.Of(3, []int(nil))); got != 0 {
			t.Errorf("%q %q: %d of none", c.proof, c.run, got)
		}
	}
}

// Two parts are the whole, and neither is empty.
func TestPart(t *testing.T) {
	for _, c := range []struct {
		part string
		n    int
		want []uint64
	}{
		{"", 3, []uint64{0, 1, 2}},
		{"1/2", 5, []uint64{0, 2, 4}},
		{"2/2", 5, []uint64{1, 3}},
		{"1/2", 1, []uint64{0}},
		{"2/2", 1, []uint64{0}},
		{"2/2", 0, nil},
	} {
		t.Setenv("ROLLCALL_PART", c.part)
		if got := sampling.Part(c.n); !slices.Equal(got, c.want) {
			t.Errorf("part %q of %d is %v, not %v", c.part, c.n, got, c.want)
		}
	}
	for _, text := range []string{"2", "0/2", "3/2", "a/2"} {
		t.Setenv("ROLLCALL_PART", text)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("part %q is taken", text)
				}
			}()
			sampling.Part(2)
		}()
	}
}

// A week that failed is tried again by its seed, and more of them by their number.
func TestSeeds(t *testing.T) {
	for _, c := range []struct {
		seeds, seed, part string
		want              []uint64
	}{
		{"", "", "", []uint64{0}},
		{"3", "", "", []uint64{0, 1, 2}},
		{"3", "", "2/2", []uint64{1}},
		{"3", "7", "2/2", []uint64{7}},
	} {
		t.Setenv("ROLLCALL_PROOF", "each")
		t.Setenv("ROLLCALL_SEEDS", c.seeds)
		t.Setenv("ROLLCALL_SEED", c.seed)
		t.Setenv("ROLLCALL_PART", c.part)
		if got := sampling.Seeds(t, 1, 1); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
