package proof_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/sampling"
)

// The connections to Postgres are cut after any number of bytes in either
// direction: in the middle of a row, before a COMMIT, and after it but before
// its answer came.
func TestDatabaseCutAfterAnyByte(t *testing.T) {
	t.Parallel()
	for _, seed := range sampling.Part(tries(3, 60)) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			database := pgtest.New(t)
			s := newScene(t, seed, database)
			proxy := s.proxied(database)
			cut := 0
			for tried := 0; tried < 6 || cut == 0; tried++ { // a run that has little to do may send less
				if tried == 60 {
					t.Fatal("no run noticed a cut, so the test shows nothing")
				}
				stream, most := "upstream", 60_000
				if s.rng.IntN(2) == 0 {
					stream, most = "downstream", 8_000
				}
				s.poison(proxy, fmt.Sprintf(`{"name":"cut","type":"limit_data","stream":%q,"attributes":{"bytes":%d}}`, stream, 1000+s.rng.IntN(most)))
				end := s.start(s.anyCommand()...).wait()
				s.honest(end)
				switch end.code {
				case 0, 3:
				case 1, 75:
					cut++
					if !strings.Contains(end.stderr, "\nrollcall: ") && !strings.HasPrefix(end.stderr, "rollcall: ") {
						t.Errorf("no word of what happened:\n%s", end.stderr)
					}
				default:
					t.Errorf("ends with %d:\n%s", end.code, end.stderr)
				}
				if err := proxy.Toxics.RemoveToxic(t.Context(), "cut"); err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("%d runs noticed a cut", cut)
			s.exact()
		})
	}
}

// proxied puts a proxy between the program and the database.
func (s *scene) proxied(database string) *toxiproxy.Proxy {
	s.t.Helper()
	u := hostOf(s.t, database)
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, "postgres", "127.0.0.1:0", u.Host)
	if err := proxy.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(proxy.Stop)
	u.Host = proxy.Listen
	s.database = u.String()
	return proxy
}

func (s *scene) poison(proxy *toxiproxy.Proxy, toxic string) {
	s.t.Helper()
	if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		s.t.Fatal(err)
	}
}
