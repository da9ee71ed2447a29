package proof_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// scene is a simulated account, a warehouse, and a source of chance.
type scene struct {
	t        *testing.T
	rng      *rand.Rand
	sim      *simulator.Server
	api      string
	account  string
	database string // as the program is told
	direct   string // without anything in between
	perPage  int    // rows to ask for; 0 is 20
	twice    bool   // whether runs may read a session twice, since the API contradicts itself
	env      []string
}

func newScene(t *testing.T, seed uint64, database string) *scene {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1848))
	data := simulator.Generate(simulator.Size{
		Apps: 2, Sessions: 12, Participants: 60, EventsPerParticipant: 3,
	}, seed, time.Now().UTC().Truncate(time.Hour))
	annotate(data)
	sim := simulator.New(data, simulator.Options{Token: "proof-token"})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return &scene{
		t: t, rng: rng, sim: sim, api: server.URL + "/client/v4", account: data.AccountID,
		database: database, direct: database,
	}
}

// annotate gives each record a member that is in no documentation.
func annotate(d *simulator.Data) {
	note := func(extra *simulator.Extra, of string) {
		if *extra == nil {
			*extra = simulator.Extra{oracle.Note: []byte(`"of ` + of + `"`)}
		}
	}
	for _, s := range d.AllSessions() {
		note(&s.Extra, s.ID)
		for _, p := range s.Participants {
			note(&p.Extra, p.ID)
			for i := range p.Events {
				note(&p.Events[i].Extra, p.Events[i].ID)
			}
		}
	}
}

// longest is after how long a run counts as hanging.
const longest = 2 * time.Minute

// outcome is how a run of the program ended.
type outcome struct {
	code   int // -1 for a process that was killed
	stderr string
	took   time.Duration
}

// process is a run of the program under way.
type process struct {
	*exec.Cmd
	t      *testing.T
	stderr *bytes.Buffer
	began  time.Time
	cancel context.CancelFunc
}

// start begins a run of the program.
func (s *scene) start(args ...string) *process {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), longest)
	p := &process{Cmd: exec.CommandContext(ctx, program, args...), t: s.t, stderr: new(bytes.Buffer), began: time.Now(), cancel: cancel}
	p.Stderr = p.stderr
	p.Dir = s.t.TempDir()
	p.Env = []string{
		"DATABASE_URL=" + s.database, "CLOUDFLARE_BASE_URL=" + s.api, "CLOUDFLARE_ACCOUNT_ID=" + s.account,
		"CLOUDFLARE_API_TOKEN=proof-token", "ROLLCALL_REQUESTS_PER_SECOND=10000", "ROLLCALL_RETRY_FOR=2s", fmt.Sprint("ROLLCALL_PER_PAGE=", cmp.Or(s.perPage, 20)),
	}
	p.Env = append(p.Env, s.env...)
	if err := p.Start(); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// wait gives how the run ended; one that hangs is a failure.
func (p *process) wait() outcome {
	p.t.Helper()
	defer p.cancel()
	err := p.Wait()
	took := time.Since(p.began)
	if took >= longest {
		p.t.Fatalf("the program hangs:\n%s", p.stderr)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return outcome{p.ProcessState.ExitCode(), p.stderr.String(), took}
}

// anyCommand gives one of the commands that fill the warehouse.
func (s *scene) anyCommand() []string {
	return [][]string{
		{"run"}, {"run"}, {"backfill", "--from", "2020-01-01"}, {"backfill", "--from", "2020-01-01", "--full"},
	}[s.rng.IntN(4)]
}

// connect gives connections of the test's own.
func (s *scene) connect() *pgxpool.Pool {
	s.t.Helper()
	pool, err := pgxpool.New(s.t.Context(), s.direct)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(pool.Close)
	return pool
}

// exact lets the program come to its end, undisturbed, and fails unless the
// warehouse then holds what the API holds, the ledger counted every row once,
// and another reading writes nothing.
func (s *scene) exact() {
	s.t.Helper()
	s.sim.Script()
	s.database = s.direct
	for _, args := range [][]string{{"run", "--quiet"}, {"backfill", "--from", "2020-01-01", "--full", "--quiet"}} {
		end := s.start(args...).wait()
		if end.code != 0 && !(args[0] == "run" && end.code == 3) {
			s.t.Fatalf("%v after all faults ends with %d:\n%s", args, end.code, end.stderr)
		}
		s.honest(end) // the second would mend what the first left out
	}
	pool := s.connect()
	if diff, err := oracle.Diff(s.t.Context(), pool, s.sim, nil); err != nil || diff != "" {
		s.t.Fatalf("the warehouse is not what the API holds (-API +warehouse): %v\n%.3000s", err, diff)
	}
	s.sound(pool)
	var written int
	s.start("backfill", "--from", "2020-01-01", "--full", "--quiet").wait()
	err := pool.QueryRow(s.t.Context(), `SELECT rows_inserted + rows_updated FROM sync.runs ORDER BY run_id DESC LIMIT 1`).Scan(&written)
	if err != nil || written != 0 {
		s.t.Errorf("one more reading of the same wrote %d rows: %v", written, err)
	}
}

// honest fails where a run that says it is done left something out.
func (s *scene) honest(end outcome) {
	s.t.Helper()
	if end.code == 0 {
		s.done(end)
	}
}

// done compares at once, before a later run can mend what this one left out.
func (s *scene) done(end outcome) {
	s.t.Helper()
	if diff, err := oracle.DiffListed(s.t.Context(), s.connect(), s.sim, nil); err != nil || diff != "" {
		s.t.Errorf("it says that it is done, and the warehouse is not what the API holds (-API +warehouse): %v\n%.3000s\n%s", err, diff, end.stderr)
	}
}

// hostOf gives host and port of a connection string.
func hostOf(t *testing.T, database string) (u *url.URL) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// databaseName gives the name of the database in a connection string.
func databaseName(t *testing.T, database string) string {
	t.Helper()
	return strings.TrimPrefix(hostOf(t, database).Path, "/")
}
