package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/creack/pty"
	"github.com/jackc/pgx/v5"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// schema checks the last standard output against a JSON schema of docs.
func schema(ts *testscript.TestScript, neg bool, args []string) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiled, err := compiler.Compile(filepath.Join("..", "..", "docs", args[0]))
	ts.Check(err)
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(ts.ReadFile("stdout")))
	ts.Check(err)
	ts.Check(compiled.Validate(value))
}

// terminal runs rollcall on a terminal, checks its exit code and that no line is
// wider than the terminal: terminal 40x24 0 status. What it shows is stdout.
func terminal(ts *testscript.TestScript, neg bool, args []string) {
	cmd, screen, width := onTerminal(ts, args[0], args[2:])
	defer screen.Close()
	shown := readTerminal(ts, screen, nil)
	finish(ts, cmd, args[1])
	fits(ts, shown, width)
	fmt.Fprint(ts.Stdout(), shown)
}

// watching runs rollcall on a terminal until it has drawn two screens, then
// presses Ctrl-C: watching 80x24 0 status --watch.
func watching(ts *testscript.TestScript, neg bool, args []string) {
	cmd, screen, width := onTerminal(ts, args[0], args[2:])
	defer screen.Close()
	pressed := false
	shown := readTerminal(ts, screen, func(soFar string) {
		if strings.Count(soFar, cursorHome) >= 2 && !pressed {
			pressed = true
			_, err := screen.Write([]byte{3})
			ts.Check(err)
		}
	})
	finish(ts, cmd, args[1])
	fits(ts, shown, width)
	fmt.Fprint(ts.Stdout(), shown)
}

// answering runs rollcall on a terminal and types an answer where it asks:
// answering 80x24 0 y retention --older-than 3d.
func answering(ts *testscript.TestScript, neg bool, args []string) {
	cmd, screen, width := onTerminal(ts, args[0], args[3:])
	defer screen.Close()
	answered := false
	shown := readTerminal(ts, screen, func(soFar string) {
		if strings.Contains(soFar, "[y/N] ") && !answered {
			answered = true
			_, err := screen.WriteString(args[2] + "\r")
			ts.Check(err)
		}
	})
	finish(ts, cmd, args[1])
	fits(ts, shown, width)
	fmt.Fprint(ts.Stdout(), shown)
}

func onTerminal(ts *testscript.TestScript, size string, args []string) (cmd *exec.Cmd, screen *os.File, width int) {
	var height int
	_, err := fmt.Sscanf(size, "%dx%d", &width, &height)
	ts.Check(err)
	cmd = exec.Command(program(ts), args...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{
		"PATH", "HOME", "XDG_DATA_HOME", "DATABASE_URL", "CLOUDFLARE_BASE_URL", "CLOUDFLARE_ACCOUNT_ID",
		"CLOUDFLARE_API_TOKEN", "ROLLCALL_REQUESTS_PER_SECOND", "REALTIMEKIT_APP_IDS", "ROLLCALL_ACCOUNTS_FILE", "ROLLCALL_PRIVACY_KEY", naming.Variable,
	} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	screen, err = pty.StartWithSize(cmd, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)})
	ts.Check(err)
	return cmd, screen, width
}

// program finds rollcall as the script's shell does.
func program(ts *testscript.TestScript) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(dir, "rollcall"); isFile(path) {
			return path
		}
	}
	ts.Fatalf("no rollcall in PATH")
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// readTerminal reads until the program has let go of the terminal, which Linux
// tells by EIO.
func readTerminal(ts *testscript.TestScript, screen *os.File, look func(soFar string)) string {
	var all bytes.Buffer
	chunk := make([]byte, 4096)
	for {
		n, err := screen.Read(chunk)
		all.Write(chunk[:n])
		if look != nil {
			look(all.String())
		}
		if errors.Is(err, syscall.EIO) || errors.Is(err, io.EOF) {
			return strings.ReplaceAll(strings.ReplaceAll(all.String(), "\r\n", "\n"), "\r", "\n")
		}
		ts.Check(err)
	}
}

func finish(ts *testscript.TestScript, cmd *exec.Cmd, want string) {
	err := cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		ts.Check(err)
	} else if got := fmt.Sprint(cmd.ProcessState.ExitCode()); got != want {
		ts.Fatalf("rollcall exits with %s, want %s (%v)", got, want, exit)
	}
}

var controls = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)

// logLine is how a line of the log begins on a terminal. It stays in one piece, so
// that it can be copied.
var logLine = regexp.MustCompile(`^\d\d:\d\d:\d\d (DBG|INF|WRN|ERR) `)

// command is how a line to be copied begins, which stays in one piece too.
var command = regexp.MustCompile(`^  (PGOPTIONS=|SELECT |\\dt|/)`)

func fits(ts *testscript.TestScript, shown string, width int) {
	shown = strings.ReplaceAll(shown, cursorHome, "\n")
	for _, line := range strings.FieldsFunc(controls.ReplaceAllString(shown, ""), func(r rune) bool { return r == '\n' || r == '\r' }) {
		if !logLine.MatchString(line) && !command.MatchString(line) && text.StringWidthWithoutEscSequences(line) > width {
			ts.Fatalf("a line is wider than %d columns: %q", width, line)
		}
	}
}

// vanish lets the script's database go away when the API is asked the n-th time:
// vanish 7. Nobody can connect any more, and who is connected is cut off.
func vanish(ts *testscript.TestScript, neg bool, args []string) {
	fault, err := simulator.ParseFault("slow:delay=1ms,times=1,nth=" + args[0])
	ts.Check(err)
	database := ts.Value("database").(string)
	fault.Do = func(*simulator.Data) {
		if err := onServer(database, "ALTER DATABASE %s ALLOW_CONNECTIONS false",
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'"); err != nil {
			panic(err) // told in the log of the API's server, and the script fails
		}
	}
	sim := ts.Value("sim").(*simulator.Server)
	sim.Script()
	sim.Script(fault)
}

// comeback lets it be there again.
func comeback(ts *testscript.TestScript, neg bool, args []string) {
	ts.Value("sim").(*simulator.Server).Script()
	ts.Check(onServer(ts.Value("database").(string), "ALTER DATABASE %s ALLOW_CONNECTIONS true"))
}

// onServer runs statements about a database beside it; its name needs no quoting.
func onServer(database string, statements ...string) (err error) {
	config, err := pgtest.ParseConfig(database)
	if err != nil {
		return err
	}
	name := config.Database
	config.Database = "postgres"
	ctx := context.Background()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, fmt.Sprintf(statement, name)); err != nil {
			return err
		}
	}
	return nil
}
