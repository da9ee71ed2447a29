package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/oracle"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

func TestMain(m *testing.M) {
	testscript.Main(serverFirst{m}, map[string]func(){"rollcall": elsewhen})
}

// elsewhen is the program on a machine whose clock is wrong by what MACHINE_CLOCK
// says, such as -72h.
func elsewhen() {
	if skew, err := time.ParseDuration(os.Getenv("MACHINE_CLOCK")); err == nil {
		machineNow = func() time.Time { return time.Now().Add(skew) }
	}
	Main()
}

// serverFirst starts the test server's life around the scripts; the program that
// a script calls is this same binary and does not pass through here.
type serverFirst struct{ m *testing.M }

func (s serverFirst) Run() int { return pgtest.Run(s.m, pgtest.Migrated) }

// TestScripts runs the program as a user does: a process, its output, its exit
// code. Each script has a database and a simulated API of its own.
func TestScripts(t *testing.T) {
	home, err := private.MkdirTemp("rollcall-scripts-*", pgtest.Memory()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	params := scripted(home, newDatabase)
	params.Dir = scripts(t)
	testscript.Run(t, params)
}

// scripted gives what scripts run with, but for which they are.
func scripted(home string, newDatabase func(tb testing.TB, work string) string) testscript.Params {
	return testscript.Params{
		Setup: func(env *testscript.Env) error {
			tb := env.T().(testing.TB)
			data := simulator.Demo(1, time.Now().UTC().Truncate(time.Hour))
			sim := simulator.New(data, simulator.Options{Token: "canary-token"})
			server := httptest.NewServer(sim)
			env.Defer(server.Close)
			env.Values["sim"] = sim
			var database string
			if filepath.Base(env.WorkDir) == "script-published" {
				database = newLogical(tb)
			} else {
				database = newDatabase(tb, env.WorkDir)
			}
			env.Setenv("DATABASE_URL", database)
			env.Setenv(naming.Variable, naming.Prefix())
			env.Values["database"] = database
			env.Setenv("SIM", server.URL)
			address, err := freeAddress()
			if err != nil {
				return err
			}
			env.Setenv("ROLLCALL_WEBHOOK_ADDR", address)
			env.Setenv("ROLLCALL_WEBHOOK_KEY_URL", server.URL+simulator.KeyPath)
			env.Setenv("SIMADDR", server.Listener.Addr().String())
			switched := newSwitch()
			env.Defer(switched.Close)
			env.Values["switch"] = switched
			env.Setenv("PING", switched.URL)
			env.Setenv("APP", data.Apps[0].ID)
			env.Setenv("CLINIC", data.Apps[1].ID) // in each of its sessions somebody was
			env.Setenv("PERSON", data.Apps[0].Sessions[0].Participants[0].CustomParticipantID)
			env.Setenv("CLOUDFLARE_BASE_URL", server.URL+"/client/v4")
			env.Setenv("CLOUDFLARE_ACCOUNT_ID", data.AccountID)
			env.Setenv("ACCOUNT", data.AccountID)
			env.Setenv("CLOUDFLARE_API_TOKEN", "canary-token")
			env.Setenv("ROLLCALL_REQUESTS_PER_SECOND", "1000")
			env.Setenv("XDG_DATA_HOME", filepath.Join(home, filepath.Base(env.WorkDir)))
			return nil
		},
		Condition: func(condition string) (bool, error) {
			if condition != "all" {
				return false, fmt.Errorf("no condition %q", condition)
			}
			return sampling.All(), nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"announce":  announce,
			"answering": answering,
			"apiclock":  apiclock,
			"babble":    babble,
			"becomes":   becomes,
			"beside":    beside,
			"comeback":  comeback,
			"exact":     exact,
			"exits":     exits,
			"fault":     fault,
			"hold":      hold,
			"login":     login,
			"pings":     pings,
			"put":       put,
			"ready":     ready,
			"requests":  requests,
			"schema":    schema,
			"sql":       sql,
			"terminal":  terminal,
			"upper":     upper,
			"vanish":    vanish,
			"watching":  watching,
		},
	}
}

// scripts gives the folder of the scripts. Where the tests are run with a prefix, they expect
// the names with it; prefix.txtar has prefixes of its own.
func scripts(t *testing.T) string {
	t.Helper()
	const own = "testdata"
	if naming.Prefix() == "" {
		return own
	}
	files, err := filepath.Glob(filepath.Join(own, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil && filepath.Base(file) != "prefix.txtar" {
			named := strings.ReplaceAll(naming.Text(string(text)), "$$rollcall:", "$$"+naming.Prefix()+"rollcall:")
			err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), []byte(named), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// newDatabase gives a script its database. One that begins with "migrate up" and does not
// look at what that says finds its tables there: they are made once for all scripts.
func newDatabase(tb testing.TB, work string) string {
	tb.Helper()
	name := strings.TrimPrefix(filepath.Base(work), "script-")
	script, err := os.ReadFile(filepath.Join("testdata", name+".txtar"))
	if err != nil {
		tb.Fatal(err)
	}
	if beginsMigrated.Match(script) {
		return pgtest.New(tb)
	}
	return pgtest.NewEmpty(tb)
}

var beginsMigrated = regexp.MustCompile(`^(\[!all\].*\n)?(#.*\n)*exec rollcall migrate up\n[^s!]`)

// exits runs rollcall and checks its exit code: exits 3 run --quiet.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code arguments…")
	}
	err := ts.Exec("rollcall", args[1:]...)
	got := "0"
	if err != nil {
		got = err.Error()
		got = got[len("exit status "):]
	}
	if got != args[0] {
		ts.Fatalf("rollcall exits with %s, want %s", got, args[0])
	}
}

// fault makes the script's API misbehave, by a name of rollcall simulate; without
// one it behaves again.
func fault(ts *testscript.TestScript, neg bool, args []string) {
	sim := ts.Value("sim").(*simulator.Server)
	sim.Script()
	for _, spec := range args {
		f, err := simulator.ParseFault(spec)
		ts.Check(err)
		sim.Script(f)
	}
}

// apiclock sets the clock by which the script's API dates its answers wrong, by a
// duration such as -72h.
func apiclock(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: apiclock duration")
	}
	skew, err := time.ParseDuration(args[0])
	ts.Check(err)
	ts.Value("sim").(*simulator.Server).SetDate(skew)
}

// babble makes the script's API say the token once more after each answer, which
// nobody has asked for.
func babble(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Value("sim").(*simulator.Server).Script(simulator.Fault{Answer: func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Write([]byte("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 canary-token\r\n\r\n"))
		_, _ = conn.Read(make([]byte, 1)) // until the client has had enough
	}})
}

// exact fails unless the warehouse holds what the API does.
func exact(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: exact")
	}
	pool, err := pgtest.NewPool(context.Background(), ts.Value("database").(string))
	ts.Check(err)
	defer pool.Close()
	diff, err := oracle.Diff(context.Background(), pool, ts.Value("sim").(*simulator.Server), nil)
	ts.Check(err)
	if diff != "" {
		ts.Fatalf("the warehouse is not what the API holds (-API +warehouse):\n%.3000s", diff)
	}
}

// beside runs rollcall as exits does, while a connection is open that has made a
// statement: beside 'SELECT pg_advisory_lock(1)' 75 run.
func beside(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: beside statement code arguments…")
	}
	conn, err := pgtest.Connect(context.Background(), ts.Value("database").(string))
	ts.Check(err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), args[0])
	ts.Check(err)
	exits(ts, false, args[1:])
}

// sql runs a statement on the script's database, as its owner: sql 'UPDATE …'.
func sql(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sql statement")
	}
	conn, err := pgtest.Connect(context.Background(), ts.Value("database").(string))
	ts.Check(err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), args[0])
	ts.Check(err)
}

// put writes lines, in which variables were replaced, to a file of the script.
func put(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: put file lines…")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(args[1:], "\n")+"\n"), 0o600))
}

// upper sets a variable to a text in upper case.
func upper(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: upper variable text")
	}
	ts.Setenv(args[0], strings.ToUpper(args[1]))
}

// login lets the program connect as another role: login role password. Without arguments
// it connects as before.
func login(ts *testscript.TestScript, neg bool, args []string) {
	location, err := url.Parse(ts.Value("database").(string))
	ts.Check(err)
	if len(args) == 2 {
		location.User = url.UserPassword(args[0], args[1])
	}
	ts.Setenv("DATABASE_URL", location.String())
}

// requests checks how many requests the script's API has answered so far, at most.
func requests(ts *testscript.TestScript, neg bool, args []string) {
	most, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := len(ts.Value("sim").(*simulator.Server).Requests()); got > most || got == 0 {
		ts.Fatalf("%d requests, want 1 to %d", got, most)
	}
}

// hold takes the lock of a kind of run until the script ends.
func hold(ts *testscript.TestScript, neg bool, args []string) {
	config, err := pgtest.ParseConfig(ts.Value("database").(string))
	ts.Check(err)
	config.RuntimeParams["application_name"] = "test-holder"
	conn, err := pgx.ConnectConfig(context.Background(), config)
	ts.Check(err)
	ts.Defer(func() { ts.Check(conn.Close(context.Background())) })
	_, err = conn.Exec(context.Background(), "SELECT pg_advisory_lock(hashtextextended($1, 0))",
		ts.Getenv(naming.Variable)+"rollcall:"+ts.Getenv("ACCOUNT")+":"+args[0])
	ts.Check(err)
}
