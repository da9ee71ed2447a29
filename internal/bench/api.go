package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// serveVariable tells this program to be the API: it holds the data set's size
// as JSON.
const serveVariable = "ROLLCALL_BENCH_API"

// size is the extent of a data set; the same size gives the same data.
type size struct {
	Sessions, Participants, Events int
	Seed                           uint64
	Now                            time.Time
	Gzip                           bool
}

func (s size) rows() int { return s.Sessions * (1 + s.Participants*(1+s.Events)) }

// oneIn is which share of the rows a change touches: 5 %.
const oneIn = 20

// serve is the API's process. It says where it listens, changes one row in
// twenty for each line that it reads, and ends with its input.
func serve(spec string, in io.Reader, out io.Writer) error {
	var s size
	if err := json.Unmarshal([]byte(spec), &s); err != nil {
		return err
	}
	data := simulator.Generate(simulator.Size{
		Sessions: s.Sessions, Participants: s.Participants, EventsPerParticipant: s.Events,
	}, s.Seed, s.Now)
	server := simulator.New(data, simulator.Options{})
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	plain := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.Gzip {
			r.Header.Del("Accept-Encoding")
		}
		server.ServeHTTP(w, r)
	})
	go func() {
		_ = (&http.Server{Handler: plain, ReadHeaderTimeout: time.Minute}).Serve(listener) // until the process ends
	}()
	fmt.Fprintln(out, "http://"+listener.Addr().String()+"/client/v4", data.Apps[0].ID)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		changed := 0
		server.Update(func(d *simulator.Data) { changed = change(d) })
		fmt.Fprintln(out, changed)
	}
	return lines.Err()
}

// change gives one in twenty participants and events of each session, and the
// session itself, another value, and says how many rows that are.
func change(d *simulator.Data) (rows int) {
	for _, s := range d.AllSessions() {
		n := 0
		for i, p := range s.Participants {
			if i%oneIn == 0 {
				p.LeftAt, p.UpdatedAt = p.LeftAt.Add(time.Second), p.UpdatedAt.Add(time.Second)
				rows++
			}
			for k := range p.Events {
				if n%oneIn == 0 {
					e := &p.Events[k]
					e.MinutesConsumed, e.UpdatedAt = e.MinutesConsumed+1, e.UpdatedAt.Add(time.Second)
					rows++
				}
				n++
			}
		}
		s.UpdatedAt = s.UpdatedAt.Add(time.Second)
		rows++
	}
	return rows
}

// api is the API's process as the bench sees it.
type api struct {
	url, appID string
	cmd        *exec.Cmd
	in         io.WriteCloser
	out        *bufio.Reader
}

func startAPI(ctx context.Context, s size) (*api, error) {
	spec, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	a := &api{cmd: exec.CommandContext(ctx, self)}
	a.cmd.Env = append(os.Environ(), serveVariable+"="+string(spec))
	a.cmd.Stderr = os.Stderr
	if a.in, err = a.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := a.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	a.out = bufio.NewReader(out)
	if err := a.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := a.out.ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the API: %w", err), a.stop())
	}
	a.url, a.appID, _ = strings.Cut(strings.TrimSpace(line), " ")
	return a, nil
}

// change lets the API change 5 % of its rows, and gives their number.
func (a *api) change() (rows int, err error) {
	if _, err := fmt.Fprintln(a.in, "change"); err != nil {
		return 0, err
	}
	_, err = fmt.Fscanln(a.out, &rows)
	return rows, err
}

// client reads the API without a pace to keep to.
func (a *api) client(perPage int) (*extract.Client, error) {
	return extract.New(extract.Config{
		BaseURL: a.url, AccountID: simulator.DemoAccountID, Token: secret.New("bench"), UserAgent: "rollcall-bench",
		PerPage: perPage, MaxBody: 64 << 20, RetryFor: time.Minute, Timeout: time.Minute, Logger: slog.New(slog.DiscardHandler),
		Budget: extract.NewBudget(extract.BudgetConfig{PerSecond: 1e6, MaxWait: time.Minute}),
	})
}

func (a *api) stop() error { return errors.Join(a.in.Close(), a.cmd.Wait()) }
