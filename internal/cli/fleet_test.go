package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/webhook"
)

// freeAddress gives a loopback address that nobody listens on, below the ports that the
// system gives to others meanwhile.
func freeAddress() (string, error) {
	var config net.ListenConfig
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		if l, err := config.Listen(context.Background(), "tcp", address); err == nil {
			return address, l.Close()
		}
	}
	return "", errors.New("a hundred ports below 32000 are taken")
}

// ready waits until a server answers its readiness: ready ADDRESS.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ready address")
	}
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get("http://" + args[0] + "/readyz")
		if err != nil {
			continue
		}
		ts.Check(resp.Body.Close())
		if resp.StatusCode == http.StatusOK {
			return
		}
	}
	ts.Fatalf("%s is not ready", args[0])
}

// announce lets the simulated API tell an address of a session of its first app that
// has ended, once for each status that is to come of it: announce ADDRESS EVENT STATUS [habit].
func announce(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: announce address event status [habit]")
	}
	sim := ts.Value("sim").(*simulator.Server)
	var options simulator.Options
	for _, habit := range args[3:] {
		ts.Check(options.Apply(habit))
	}
	var session string
	sim.Update(func(d *simulator.Data) {
		d.Apps[0].Webhooks = []*simulator.Webhook{{ID: "w", URL: "http://" + args[0] + webhook.Path, Enabled: true, Events: simulator.WebhookEvents()}}
		session = d.Apps[0].Sessions[0].ID
	})
	want, err := strconv.Atoi(args[2])
	ts.Check(err)
	courier := simulator.NewCourier(sim, &http.Client{}, options.Habits, 1)
	for _, sent := range courier.Announce(context.Background(), simulator.Happening{Event: args[1], SessionID: session}) {
		if kind := sent.Kind; kind == simulator.Genuine && sent.Status != want || kind == simulator.Forged && sent.Status != http.StatusUnauthorized {
			ts.Fatalf("%s %s: status %d", kind, sent.Event, sent.Status)
		}
	}
}

// ask gives the one text that a query has.
func ask(ts *testscript.TestScript, query string) (text string) {
	conn, err := pgtest.Connect(context.Background(), ts.Value("database").(string))
	ts.Check(err)
	defer conn.Close(context.Background())
	ts.Check(conn.QueryRow(context.Background(), query).Scan(&text))
	return text
}

// becomes waits until a query gives a text: becomes TEXT QUERY.
func becomes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: becomes text query")
	}
	got := ""
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(20 * time.Millisecond) {
		if got = ask(ts, args[1]); got == args[0] {
			return
		}
	}
	ts.Fatalf("%s gives %q, not %q", args[1], got, args[0])
}
