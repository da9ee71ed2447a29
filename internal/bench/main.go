// Command bench measures Rollcall end to end against psql's binary COPY of the
// same rows into the same tables, on one server and in one run:
//
//	go run ./internal/bench
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
	flags.StringVar(&s.databaseURL, "database-url", "", "server to use; databases are made and dropped there")
	flags.StringVar(&s.profile, "cpuprofile", "", "write CPU profiles of the first run to FILE.<phase>")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b, err := newBench(ctx, s, stdout)
	if err != nil {
		return err
	}
	if s.rounds > 0 {
		err = b.grow(ctx)
	} else {
		err = b.phases(ctx)
	}
	return b.close(ctx, err)
}
