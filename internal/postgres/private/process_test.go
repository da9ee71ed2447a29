//go:build unix

package private

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/sampling"
)

func TestSecondProcessJoins(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	first := startHelper(t, dir, nil)
	second := startHelper(t, dir, nil)
	if first.Joined || !second.Joined || first.URL != second.URL {
		t.Errorf("got %+v and %+v, want the second to join", first.report, second.report)
	}
	execSQL(t, second.URL, "CREATE TABLE shared (id int)")
	second.finish(t)
	execSQL(t, first.URL, "TABLE shared") // the guest has left the server running
	first.finish(t)
}

// TestOwnerKilled kills the process that runs the server: the server goes too,
// and the next start has the data.
func TestOwnerKilled(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	owner := startHelper(t, dir, nil)
	execSQL(t, owner.URL, "CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)")
	pid := serverPid(t, owner.Dir)
	owner.kill(t)
	if runtime.GOOS == "linux" {
		poll(t, "the server has ended with its owner", func() bool { return !runs(t, pid, owner.Dir) })
	}
	next := startIn(t, Config{Dir: dir})
	if got := queryText(t, next.URL(), "SELECT id::text FROM kept"); got != "7" {
		t.Errorf("got %s, want 7", got)
	}
}

// TestOwnerKilledAndStartedAtOnce does not wait for the server to be gone.
func TestOwnerKilledAndStartedAtOnce(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	dir := openDir(t)
	for range 3 {
		owner := startHelper(t, dir, nil)
		execSQL(t, owner.URL, "CREATE TABLE IF NOT EXISTS kept AS SELECT generate_series(1, 1000) AS id")
		owner.kill(t)
	}
	next := startIn(t, Config{Dir: dir})
	execSQL(t, next.URL(), "TABLE kept LIMIT 1")
}

// TestServerLeftBehind has a server without an owner, as after a crash of the
// owner on a system that does not end the server then.
func TestServerLeftBehind(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	dir := openDir(t)
	first, err := Start(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	execSQL(t, first.URL(), "CREATE TABLE kept (id int)")
	stopServer(t, first)
	h, err := prepare(t.Context(), Config{Dir: dir}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.root.Close() })
	log, err := h.openLog()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	run, err := h.launch(t.Context(), log, first.password) // no lock is held
	if err != nil {
		t.Fatal(err)
	}
	next := startIn(t, Config{Dir: dir})
	if next.Joined() || next.Port() == run.port {
		t.Error("the server without an owner was taken over")
	}
	<-run.process.exited
	execSQL(t, next.URL(), "TABLE kept")
}

// TestServerGetsNoneOfTheEnvironment looks for a secret in the server's
// environment, and has PG* variables that would lead a client astray.
func TestServerGetsNoneOfTheEnvironment(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	const canary = "canary-0a1b2c"
	h := startHelper(t, openDir(t), nil, "CLOUDFLARE_API_TOKEN="+canary, "PGPASSWORD="+canary,
		"PGDATABASE=none", "PGPORT=1", "PGOPTIONS=-c nonsense=1", "PGDATA=/none", "PGTARGETSESSIONATTRS=read-only", "LC_ALL=xx_YY")
	defer h.finish(t)
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", serverPid(t, h.Dir)))
	if err != nil {
		t.Fatal(err)
	}
	names := strings.FieldsFunc(string(environ), func(r rune) bool { return r == 0 })
	for _, entry := range names {
		switch name, _, _ := strings.Cut(entry, "="); name {
		case "LC_ALL", "TZ", "PATH":
		case "PGSYSCONFDIR", "PGLOCALEDIR": // PostgreSQL's own
		default:
			t.Errorf("server has %s in its environment", entry)
		}
	}
	if strings.Contains(string(environ), canary) || len(names) == 0 {
		t.Errorf("environment is %q", names)
	}
}

// TestOrdinaryUserWithEmptyHome is the first start of a user that is not root.
func TestOrdinaryUserWithEmptyHome(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	as, home := nobody(t)
	h := startHelper(t, "default", as, "HOME="+home)
	defer h.finish(t)
	if want := filepath.Join(home, ".local/share/rollcall/postgres"); h.Err != "" || filepath.Dir(h.Dir) != want {
		t.Errorf("got %+v, want a folder in %s", h.report, want)
	}
	execSQL(t, h.URL, "SELECT 1")
	if info, err := os.Stat(filepath.Join(home, ".local")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("made .local with %v, %v, want mode 0700", info.Mode(), err)
	}
}

// TestHomeThatIsClosed has a service or a container start with a home in which its user
// may write nothing: it is told what to set.
func TestHomeThatIsClosed(t *testing.T) {
	t.Parallel()
	as, home := nobody(t)
	if err := os.Chmod(home, 0o500); err != nil {
		t.Fatal(err)
	}
	h := startHelper(t, "default", as, "HOME="+home)
	if !strings.Contains(h.Err, "permission denied; set DATABASE_URL, or let HOME ") {
		h.finish(t)
		t.Errorf("got %+v", h.report)
	}
}

// nobody returns a user that is not root and a home for it: this process's own
// user, or for root the user nobody.
func nobody(t *testing.T) (as *syscall.Credential, home string) {
	t.Helper()
	home = filepath.Join(openDir(t), "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		return nil, home
	}
	found, err := lookupDropped("nobody")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(home, found.uid, found.gid); err != nil {
		t.Fatal(err)
	}
	return found.sysProcAttr().Credential, home
}

// TestRootWithClosedHome has root's data go elsewhere, as the server's user
// cannot enter the folder asked for.
func TestRootWithClosedHome(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	closed := t.TempDir() // 0700 above it
	wanted := filepath.Join(closed, "rollcall", "postgres")
	var log logBuffer
	server := startIn(t, Config{
		NoSync: true, Logger: log.logger(),
		Getenv: environment("XDG_DATA_HOME="+closed, "PATH="+os.Getenv("PATH")),
	})
	t.Cleanup(func() {
		stopServer(t, server)
		if err := os.RemoveAll(filepath.Dir(server.Dir())); err != nil {
			t.Error(err)
		}
	})
	execSQL(t, server.URL(), "SELECT 1")
	if strings.HasPrefix(server.Dir(), closed) || !strings.Contains(log.String(), wanted) {
		t.Errorf("data is in %s, log says %s", server.Dir(), log.String())
	}
	if filepath.Base(server.Dir()) != strconv.Itoa(parseMajor(t, server)) {
		t.Errorf("folder %s is not named after version %s", server.Dir(), server.Version())
	}
}

func parseMajor(t *testing.T, server *Server) int {
	t.Helper()
	found, err := parseVersion("postgres (PostgreSQL) " + server.Version())
	if err != nil {
		t.Fatal(err)
	}
	return found.Major
}
