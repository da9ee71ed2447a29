package proof_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// walk is one way through the manual, from one server to another.
type walk struct {
	*scene
	old, new *cluster
	dir      string              // where its commands are run
	env      map[string]string   // what they know
	blocks   map[string][]string // the commands below each heading
	untried  map[string]bool
	ownDumps bool                // the old server's own programs make the dumps
	user     *syscall.Credential // who runs them; nil for who runs the test
}

func newWalk(t *testing.T, oldBin, newBin string) *walk {
	t.Helper()
	w := &walk{old: newCluster(t, oldBin), new: newCluster(t, newBin), dir: t.TempDir(), untried: map[string]bool{}}
	w.scene = newScene(t, 5, w.old.url("rollcall", "warehouse"))
	w.sim.Update(func(d *simulator.Data) { addLongAgo(d, "aaaaaaaa") })
	w.blocks = manual(t, "../../docs/operations.md", "Backup, restore, moving")
	for _, blocks := range w.blocks {
		for _, block := range blocks {
			w.untried[block] = true
		}
	}
	w.env = map[string]string{
		"OLD": w.direct, "OLD_SUPER": w.old.url("postgres", "postgres"), "COPIES": w.old.url("copies", "warehouse"),
		"NEW": w.new.url("attendance", "warehouse"), "NEW_SUPER": w.new.url("postgres", "postgres"), "DATABASE_URL": w.direct,
		"PATH": newBin + ":" + filepath.Dir(program) + ":" + os.Getenv("PATH"), "HOME": w.dir,
		"CLOUDFLARE_BASE_URL": w.api, "CLOUDFLARE_ACCOUNT_ID": w.account, "CLOUDFLARE_API_TOKEN": "proof-token",
		"ROLLCALL_REQUESTS_PER_SECOND": "10000", "ROLLCALL_RETRY_FOR": "2s", "ROLLCALL_PER_PAGE": "20",
	}
	w.must(`psql "$OLD_SUPER" -c "CREATE ROLE rollcall LOGIN CREATEROLE PASSWORD 'pw'" -c "CREATE DATABASE warehouse OWNER rollcall TEMPLATE template0"`)
	w.must(`rollcall migrate up && rollcall run --quiet && rollcall reader --new-password && rollcall loader --new-password`)
	// A backfill of the manual's range that was stopped at its end.
	w.must(`psql "$OLD" -c "INSERT INTO sync.backfills (account_id, app_id, range_from, range_to, is_full, checkpoint, saved_at, run_id)
		SELECT '$CLOUDFLARE_ACCOUNT_ID', app_id, '2020-01-01', 'infinity', false, now(), now(), 1 FROM realtimekit.apps"`)
	return w
}

// manual gives the commands of a chapter of a page, by the heading above them.
func manual(t *testing.T, path, chapter string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, text2, found := strings.Cut(string(text), "\n## "+chapter+"\n")
	text2, _, ended := strings.Cut(text2, "\n## ")
	if !found || !ended {
		t.Fatalf("%s has no chapter %q", path, chapter)
	}
	blocks := map[string][]string{}
	for _, part := range strings.Split(text2, "\n### ")[1:] {
		heading, rest, _ := strings.Cut(part, "\n")
		for _, block := range regexp.MustCompile("(?s)\n```sh\n(.*?)```\n").FindAllStringSubmatch(rest, -1) {
			blocks[heading] = append(blocks[heading], block[1])
		}
		if n := strings.Count(rest, "\n```"); n != 2*len(blocks[heading]) {
			t.Fatalf("below %q there are commands that no test runs: begin them with ```sh", heading)
		}
	}
	return blocks
}

// shell runs commands as bash does with -e, and gives what they print.
func (w *walk) shell(commands string) (string, error) {
	cmd := exec.CommandContext(w.t.Context(), "bash", "-euo", "pipefail", "-c", commands)
	cmd.Dir = w.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: w.user}
	for name, value := range w.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must runs commands that have to succeed.
func (w *walk) must(commands string) string {
	w.t.Helper()
	out, err := w.shell(commands)
	if err != nil {
		w.t.Fatalf("%v:\n%s\n%s", err, commands, out)
	}
	return out
}

// refused runs commands that have to fail and say something.
func (w *walk) refused(commands, says string) string {
	w.t.Helper()
	out, err := w.shell(commands)
	if err == nil || !strings.Contains(out, says) {
		w.t.Fatalf("want a failure that says %q, got %v:\n%s\n%s", says, err, commands, out)
	}
	return out
}

// block gives the nth commands below a heading.
func (w *walk) block(heading string, n int) string {
	w.t.Helper()
	if n >= len(w.blocks[heading]) {
		w.t.Fatalf("the manual has %d blocks of commands below %q, and this test wants number %d", len(w.blocks[heading]), heading, n+1)
	}
	block := w.blocks[heading][n]
	delete(w.untried, block)
	return strings.ReplaceAll(block, "…", superPassword)
}

// do runs the nth commands below a heading as they are printed.
func (w *walk) do(heading string, n int) string {
	w.t.Helper()
	block := w.block(heading, n)
	if path := w.env["PATH"]; w.ownDumps && strings.Contains(block, "pg_dump ") {
		w.env["PATH"] = w.old.bin + ":" + path
		defer func() { w.env["PATH"] = path }()
	}
	return w.must(block)
}

// stamped is what servers of 2026-11 on write into the options of columns, and programs
// that are older, if of a newer version, take for an option of the user's.
const stamped = "pg_attver"

// choosePrograms takes those of the old server for dumps, where the new version's copy
// what no server takes.
func (w *walk) choosePrograms() {
	w.t.Helper()
	if w.old.bin == w.new.bin || !strings.Contains(w.must(`pg_dump --schema-only "$OLD"`), stamped) {
		return
	}
	w.must(`psql "$NEW_SUPER" -c 'CREATE DATABASE stamped'`)
	w.env["STAMPED"] = w.new.url("postgres", "stamped")
	w.refused(`pg_dump --no-owner --no-privileges "$OLD" | psql "$STAMPED" --quiet --set=ON_ERROR_STOP=1`, stamped)
	w.ownDumps = true
}

// everyBlock fails where a command of the manual was not run.
func (w *walk) everyBlock() {
	w.t.Helper()
	for block := range w.untried {
		if w.old.bin == w.new.bin && (strings.Contains(block, "transaction_timeout") || strings.Contains(block, "pg_upgrade")) {
			continue // for two versions
		}
		w.t.Errorf("the manual has commands that nothing has tried:\n%s", block)
	}
}

// moveTo lets the program use another database from here on.
func (w *walk) moveTo(database string) {
	w.env["DATABASE_URL"] = database
	w.database, w.direct = database, database
}
