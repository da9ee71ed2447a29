// Command bench measures Rollcall end to end against psql's binary COPY of the
// same rows into the same tables, on one server and in one run:
//
//	go run ./internal/bench
//	go run ./internal/bench -beside COMMAND      # and another program on the same data set
//	go run ./internal/bench -day                 # the usage by day alone
//	go run ./internal/bench -questions 100000    # what people ask, on so many sessions
//
// The simulated API is a process of its own on loopback, so that the memory and
// the CPU time printed as rollcall's are those of client, decoder and loader
// alone. PostgreSQL is a private server in a temporary folder, durable as
// Rollcall's own is, or the one that -database-url names.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

// settings say what to measure.
type settings struct {
	size        size
	runs        int // of everything; medians are printed
	rounds      int // of growth; 0 measures the phases instead
	concurrency int
	perPage     int
	reader      bool
	day         bool // measure the usage by day alone
	questions   int  // sessions to ask questions about; 0 measures the phases instead
	beside      string
	databaseURL string
	profile     string
}

func main() {
	if spec := os.Getenv(serveVariable); spec != "" {
		exit(serve(spec, os.Stdin, os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	s := settings{size: size{Now: time.Now().UTC().Truncate(time.Hour)}}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&s.size.Sessions, "sessions", 200, "sessions in the data set")
	flags.IntVar(&s.size.Participants, "participants", 500, "participants in a session")
	flags.IntVar(&s.size.Events, "events", 5, "events of a participant")
	flags.BoolVar(&s.size.Gzip, "gzip", false, "let the API compress, as a distant one does; the time for it is the client's too")
	flags.IntVar(&s.runs, "runs", 3, "how often to measure everything; medians are printed")
	flags.IntVar(&s.rounds, "rounds", 0, "load that many different data sets into one warehouse, and print the cost per row as it grows")
	flags.IntVar(&s.concurrency, "concurrency", 4, "sessions in flight, as ROLLCALL_CONCURRENCY")
	flags.IntVar(&s.perPage, "per-page", 100, "rows in one request, as ROLLCALL_PER_PAGE")
	flags.BoolVar(&s.reader, "reader", false, "ask a BI query over the whole history all the time")
	flags.BoolVar(&s.day, "day", false, "measure the usage by day alone: days of few and of many sessions, and one changed session in each")
	flags.IntVar(&s.questions, "questions", 0, "ask the questions of the manual about so many sessions of 20 people, and one of 10,000")
	flags.StringVar(&s.beside, "beside", "", "a command that loads the same data set, to be measured too, such as tools/bench/load_by_dlt.py")
	flags.StringVar(&s.databaseURL, "database-url", "", "server to use; databases are made and dropped there")
	flags.StringVar(&s.profile, "cpuprofile", "", "write CPU profiles of the first run to FILE.<phase>")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b, err := newBench(ctx, s, stdout)
	if err != nil {
		return err
	}
	switch {
	case s.day:
		err = b.days(ctx)
	case s.questions > 0:
		err = b.ask(ctx)
	case s.rounds > 0:
		err = b.grow(ctx)
	default:
		err = b.phases(ctx)
	}
	return b.close(ctx, err)
}
