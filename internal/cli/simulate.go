package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// simulateCommand serves the simulator alone.
type simulateCommand struct {
	Addr  string   `default:"127.0.0.1:8787" help:"Loopback address to listen on."`
	Seed  uint64   `default:"1" help:"Seed of the data set; the same seed and day give the same data."`
	Token string   `default:"simulated-token" help:"API token to ask for."`
	Fault []string `predictor:"fault" placeholder:"NAME" sep:"none" help:"Misbehave: every-4th-500, slow, quota:calls=40,window=8s,block=10s …; repeatable, see --list-faults."`

	Live time.Duration `placeholder:"DURATION" help:"Let a lesson begin, fill and end, one step each time so much has passed, and send webhooks about it to each registered address."`

	ListFaults bool `help:"List the misbehaviours and exit."`
}

// Run carries the command out.
func (c *simulateCommand) Run(s *shell) error {
	if c.Live < 0 {
		return fmt.Errorf("%w: --live must not be negative", model.ErrUsage)
	}
	if c.ListFaults {
		for _, f := range simulator.Faults() {
			fmt.Fprintf(s.stdout, "%-20s %-8s %s\n", f.Name, f.Kind, f.Description)
		}
		return nil
	}
	options := simulator.Options{Token: c.Token}
	for _, spec := range c.Fault {
		if err := options.Apply(spec); err != nil {
			return fmt.Errorf("%w: --fault: %w", model.ErrUsage, err)
		}
	}
	today := time.Now().UTC().Truncate(24 * time.Hour)
	data := simulator.Demo(c.Seed, today)
	api := simulator.New(data, options)
	server, err := serveSimulator(s.ctx, c.Addr, api)
	if err != nil {
		return err
	}
	defer server.stop()
	sessions, participants, events := data.Counts()
	fmt.Fprintf(s.stdout, "RealtimeKit simulator with %d sessions, %d participants, %d events. To read it:\n\n", sessions, participants, events)
	fmt.Fprintf(s.stdout, "  export CLOUDFLARE_BASE_URL=%s CLOUDFLARE_ACCOUNT_ID=%s CLOUDFLARE_API_TOKEN=%s\n\n", server.url, data.AccountID, c.Token)
	fmt.Fprintf(s.stdout, "or, as the older v2 API, one app of it:\n\n  export CLOUDFLARE_BASE_URL=%s ROLLCALL_AUTH_SCHEME=basic CLOUDFLARE_ACCOUNT_ID=%s CLOUDFLARE_API_TOKEN=%s\n\n",
		strings.TrimSuffix(server.url, "/client/v4")+"/v2", data.Apps[0].ID, c.Token)
	if c.Live > 0 {
		fmt.Fprintf(s.stdout, "and to receive its webhooks, once they are registered:\n\n  export ROLLCALL_WEBHOOK_KEY_URL=%s\n\n", strings.TrimSuffix(server.url, "/client/v4")+simulator.KeyPath)
		play(s.ctx, api, options.Habits, c.Live, s.logger)
	}
	<-s.ctx.Done()
	return nil
}

// play lets something happen again and again until the context ends.
func play(ctx context.Context, api *simulator.Server, habits simulator.Habits, every time.Duration, log logger) {
	courier := simulator.NewCourier(api, &http.Client{}, habits, 1)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			for _, sent := range courier.Announce(ctx, api.Play(now)...) {
				log.InfoContext(ctx, "webhook sent", "event", sent.Event, "kind", string(sent.Kind), "session_id", sent.SessionID, "status", sent.Status, "tries", sent.Tries)
			}
		}
	}
}

// simulatorServer is a simulator that listens.
type simulatorServer struct {
	url  string // for CLOUDFLARE_BASE_URL
	stop func()
}

// serveSimulator listens on a loopback address; port 0 takes a free one.
func serveSimulator(ctx context.Context, addr string, handler http.Handler) (*simulatorServer, error) {
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("%w: --addr must be a loopback address such as 127.0.0.1:8787, got %q", model.ErrUsage, addr)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve the simulator: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	return &simulatorServer{
		url: "http://" + listener.Addr().String() + "/client/v4",
		stop: func() {
			_ = server.Close() // whoever is still connected is cut off, as the help says
			if err := <-done; !errors.Is(err, http.ErrServerClosed) {
				panic(err)
			}
		},
	}, nil
}
