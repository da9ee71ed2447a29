// Package cli is the program rollcall: a file for each command, its flags, its
// output and its exit code. The work is done in the packages beside it. The package is
// larger than others, since there are many commands: each stands by itself, and what
// they share (environment, connection, printing) is small.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"os/signal"
	"reflect"
	"runtime/debug"
	"slices"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
)

// Exit codes, a contract with whoever schedules the program.
const (
	exitDone     = 0
	exitFailed   = 1
	exitUsage    = 2
	exitPartial  = 3
	exitTryLater = 75 // EX_TEMPFAIL of sysexits.h
)

// errHeld ends a command that was to be quiet while another of its kind is under
// way: cron would send a mail each time, and nothing is wrong.
var errHeld = fmt.Errorf("%w, quietly", model.ErrLocked)

// errPartial ends a command that is done but had to leave something out. What
// that was has been said by then.
var errPartial = errors.New("some sessions or records were set aside")

// memoryLimit is from where on the garbage collector does not let garbage pile up,
// in bytes. Runs stay far below, but for answers of tens of megabytes.
const memoryLimit = 256 << 20

// Main runs the command that the arguments of the process name, and ends the
// process with its exit code.
func Main() {
	// Only net/http speaks here, of servers that talk out of turn, and quotes them:
	// they know the token. What that does to a request is told with the request.
	log.SetOutput(io.Discard)
	if debug.SetMemoryLimit(-1) == math.MaxInt64 { // GOMEMLIMIT says nothing
		debug.SetMemoryLimit(memoryLimit)
	}
	// A reader that went away must not kill a run that writes to a database.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	// The first signal ends the work in good order, a second one at once.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// stopSignals are the signals that ask for an end. A terminal that goes away is one, as where
// a connection by ssh breaks, unless nohup or the like said that it is none.
func stopSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// run is the program but for the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var grammar cli
	exit := -1
	results := &results{Writer: stdout}
	parser, err := newParser(&grammar, results, stderr, func(code int) { exit = code })
	if err != nil {
		return report(stderr, fmt.Errorf("set up the command line: %w", err))
	}
	if completed(parser) {
		return exitDone
	}
	if err := checkArguments(args); err != nil {
		return report(stderr, err)
	}
	if err := loadEnvironment(environmentFile); err != nil {
		return report(stderr, err)
	}
	command, err := parse(parser, spelledOut(args), func() bool { return exit >= 0 })
	if exit >= 0 {
		return max(exit, report(stderr, results.failure())) // --help or --version has printed its text
	}
	if err != nil {
		return report(stderr, fmt.Errorf("%w: %w; see rollcall --help", model.ErrUsage, err))
	}
	if err := flagsFirst(command); err != nil {
		return report(stderr, err)
	}
	onceOnly(command)
	if err := nameSchemas(command); err != nil {
		return report(stderr, asGiven(command, err))
	}
	s := &shell{ctx: ctx, stdout: results, stderr: stderr, logs: grammar.Log}
	if s.logger, err = grammar.Log.logger(stderr); err != nil {
		return report(stderr, err)
	}
	warnOfMistyped(ctx, s.logger, parser)
	err = asGiven(command, runChosen(command, s))
	if failure := results.failure(); failure != nil && (err == nil || errors.Is(err, errPartial)) {
		err = failure // nobody has seen what is partial
	}
	return report(stderr, err)
}

// spelledOut lets help and version be asked for as other programs have it: by a word,
// and help by nothing at all.
func spelledOut(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case args[0] == "version" && len(args) == 1:
		return []string{"--version"}
	}
	return args
}

// checkArguments refuses what is no text: the parser would put other characters in
// its place, and an erasure be of somebody else.
func checkArguments(args []string) error {
	for i, arg := range args {
		if !utf8.ValidString(arg) {
			return fmt.Errorf("%w: argument %d is no text in UTF-8", model.ErrUsage, i+1)
		}
	}
	return nil
}

// newParser gives the parser of the command line. exit is called once --help or
// --version has printed its text.
func newParser(grammar *cli, stdout, stderr io.Writer, exit func(int)) (*kong.Kong, error) {
	help := kong.HelpOptions{Compact: true}
	if width, _, ok := terminalSize(stdout); ok {
		help.WrapUpperBound = width // beyond 80 columns nothing changes
	}
	return kong.New(grammar,
		kong.Name("rollcall"),
		kong.Description(description),
		kong.Writers(stdout, stderr),
		kong.Exit(exit),
		kong.UsageOnError(),
		kong.ConfigureHelp(help),
		kong.Help(helpPrinter),
		kong.Vars{"version": version()},
		kong.NamedMapper("account", kong.MapperFunc(decodeAccount)),
		kong.TypeMapper(reflect.TypeFor[time.Duration](), kong.MapperFunc(decodeDuration)),
	)
}

// results is standard output. It keeps the first failure to itself until the
// command has ended, so that no command need ask after each line, and a reader that
// went away ends no work half-way.
type results struct {
	io.Writer
	err error
}

// Write implements io.Writer.
func (r *results) Write(p []byte) (int, error) {
	if r.err == nil {
		_, r.err = r.Writer.Write(p)
	}
	return len(p), nil
}

// failure tells why results could not be written; a reader that has seen enough
// is no failure.
func (r *results) failure() error {
	if r.err == nil || errors.Is(r.err, syscall.EPIPE) {
		return nil
	}
	return fmt.Errorf("write the result: %w", r.err)
}

// shell is what every command gets: where to write, and when to stop.
type shell struct {
	ctx            context.Context //nolint:containedctx // kong calls commands without one
	stdout, stderr io.Writer
	logger         logger
	logs           logFlags // how logger was made
}

// report prints an error in one line and gives the exit code for it.
func report(stderr io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	switch {
	case errors.Is(err, errPartial), errors.Is(err, errHeld), errors.As(err, new(*saidError)):
	case errors.Is(err, context.Canceled) && pipeline.Resumable(err):
		fmt.Fprintln(stderr, "rollcall: told to stop; what was committed stays, and the next run goes on")
	default:
		fmt.Fprintln(stderr, "rollcall: "+oneLine(err.Error()))
	}
	return exitCode(err)
}

func exitCode(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errPartial):
		return exitPartial
	case errors.Is(err, model.ErrUsage):
		return exitUsage
	case pipeline.Resumable(err):
		return exitTryLater
	}
	return exitFailed
}
