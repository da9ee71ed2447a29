package proof_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// The API refuses single sessions, apps and meetings, or asks for a wait of years.
// Nothing is called complete that is not, nothing else is left out, and once it
// behaves the warehouse is as the API.
func TestRefusalsAndAbsurdWaits(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	const all = "0123456789abcdef"
	faults := []string{
		"refused:code=403,ids=012", "refused:code=400,ids=89ab", "refused:code=451,ids=" + all, "refused-200:code=1234,ids=3456",
		"refused:of=apps,code=409,ids=01234567", "refused:of=meetings,code=403,ids=" + all, "unsuccessful:code=10000,nth=4",
		"absurd-wait:as=date,nth=3", "absurd-wait:as=seconds,nth=2", "absurd-wait:as=t,nth=4", "absurd-wait:as=clock,nth=2",
	}
	for _, seed := range sampling.Part(tries(2, 40)) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, seed, pgtest.New(t))
			for range 4 {
				name := faults[s.rng.IntN(len(faults))]
				fault, err := simulator.ParseFault(name)
				if err != nil {
					t.Fatal(err)
				}
				s.sim.Script(fault)
				end := s.start(s.anyCommand()...).wait()
				absurd := strings.HasPrefix(name, "absurd-wait")
				if s.tellsOnce(end, 0, 1, 3, 75); end.code == 75 && !absurd {
					t.Errorf("%s ends with 75:\n%s", name, end.stderr)
				}
				if diff, err := oracle.DiffComplete(t.Context(), s.connect(), s.sim); err != nil || diff != "" {
					t.Errorf("%s: what is called complete is not what the API holds (-API +warehouse): %v\n%.3000s", name, err, diff)
				}
				if absurd { // what status says to do
					s.sql(`DELETE FROM sync.request_budgets -- %s`)
				}
			}
			s.exact()
		})
	}
}
