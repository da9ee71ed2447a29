package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/secret"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
	"github.com/rollcall-etl/rollcall/internal/webhook"
	"github.com/rollcall-etl/rollcall/internal/worker"
)

// liveWorkers is how many workers the demo has.
const liveWorkers = 2

// live shows the way of webhooks: the simulator sends them, serve takes them in, and two
// workers read the sessions that they tell of.
func (c *demoCommand) live(s *shell, url string, pool *pgxpool.Pool) error {
	data := simulator.Demo(c.Seed, time.Now().UTC().Truncate(time.Hour))
	sim := simulator.New(data, simulator.Options{Token: demoToken})
	api, err := serveSimulator(s.ctx, "127.0.0.1:0", sim)
	if err != nil {
		return err
	}
	defer api.stop()
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	own := *s
	own.ctx = ctx
	var all errgroup.Group
	address, err := c.serveLive(&own, &all, data.AccountID, api.url, url)
	for i := 0; err == nil && i < liveWorkers; i++ {
		err = c.workLive(&own, &all, data.AccountID, api.url, pool)
	}
	if err == nil {
		sim.Update(func(d *simulator.Data) {
			d.Apps[0].Webhooks = []*simulator.Webhook{{ID: "live", URL: address, Enabled: true, Events: simulator.WebhookEvents()}}
		})
		screen := newScreen(s)
		screen.put("", "Simulated API on %s, rollcall serve at %s, %d times rollcall work", api.url, address, liveWorkers)
		if err = awaitHistory(ctx, screen, pool, len(data.Apps)); err == nil {
			err = c.watchLessons(&own, screen, sim, pool)
		}
	}
	stop()
	return errors.Join(err, all.Wait())
}

// serveLive receives webhooks on a free address, which it gives.
func (c *demoCommand) serveLive(s *shell, all *errgroup.Group, accountID, apiURL, url string) (address string, err error) {
	command := &serveCommand{Addr: "127.0.0.1:0", KeyURL: strings.TrimSuffix(apiURL, "/client/v4") + simulator.KeyPath}
	command.AccountID, command.DatabaseURL = accountID, filled(url)
	listening := make(chan string, 1)
	command.listening = func(addr net.Addr) { listening <- "http://" + addr.String() + webhook.Path }
	failed := make(chan error, 1)
	all.Go(func() error {
		err := command.Run(s)
		failed <- err
		return err
	})
	select {
	case address = <-listening:
		return address, nil
	case err := <-failed:
		return "", err
	}
}

// workLive starts one worker.
func (c *demoCommand) workLive(s *shell, all *errgroup.Group, accountID, apiURL string, pool *pgxpool.Pool) error {
	command := &workCommand{apiFlags: *demoFlags(accountID, apiURL)}
	j := &job{shell: s, jobOf: jobOf{api: &command.apiFlags}, logger: s.logger, pool: pool}
	var err error
	if j.monitor, err = openMonitor(s, model.KindWork, accountID, nil, s.logger); err != nil {
		return err
	}
	if j.client, err = j.api.client(secret.New(demoToken), ledger.New(newWarehouse(pool, s.logger)), s.logger); err != nil {
		return err
	}
	cfg := worker.Config{Concurrency: command.Concurrency, Settle: command.Settle, Version: version(), Logger: s.logger}
	all.Go(func() error {
		defer j.monitor.close(s.ctx)
		return command.goOn(s, func() error { return command.work(s, []*job{j}, pool, warehouse.Privacy{}, cfg) })
	})
	return nil
}

// awaitHistory waits until the workers have read what was there before.
func awaitHistory(ctx context.Context, screen *screen, pool *pgxpool.Pool, apps int) error {
	for {
		var listed, due, sessions int
		err := pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM sync.app_states WHERE discovered_at IS NOT NULL),
			(SELECT count(*) FROM sync.session_jobs WHERE due_at <= now()), (SELECT count(*) FROM realtimekit.sessions)`).Scan(&listed, &due, &sessions)
		switch {
		case err != nil:
			return err
		case listed == apps && due == 0:
			screen.put("", "They have read the %s of %s that were there before.", plural(sessions, "session"), plural(apps, "app"))
			return nil
		}
		if !worker.Pause(ctx, lookingStep) {
			return nil
		}
	}
}

const (
	lessonStep  = 2 * time.Second
	lookingStep = 100 * time.Millisecond
	longestLook = time.Minute
)

// watchLessons lets lessons begin, fill and end, and says when each change is visible in
// the warehouse.
func (c *demoCommand) watchLessons(s *shell, screen *screen, sim *simulator.Server, pool *pgxpool.Pool) error {
	courier := simulator.NewCourier(sim, &http.Client{}, simulator.Habits{}, 1)
	for ended := 0; ended < c.Lessons; {
		if !worker.Pause(s.ctx, lessonStep) {
			return nil
		}
		told := sim.Play(time.Now())
		last := told[len(told)-1]
		began := time.Now()
		courier.Announce(s.ctx, told...)
		people, status, err := awaitLesson(s.ctx, pool, sim, last.SessionID)
		if s.ctx.Err() != nil {
			return nil //nolint:nilerr // told to stop, which is how one ends it
		}
		if err != nil {
			return err
		}
		screen.put("", "%s  %-26s visible after %.1f s: %s, %s", began.UTC().Format(time.TimeOnly), last.Event, time.Since(began).Seconds(), oneOrMany(people, "1 person", fmt.Sprintf("%d people", people)), status)
		if last.Event == simulator.EventEnded {
			ended++
		}
	}
	return nil
}

// awaitLesson waits until the warehouse has a session as the API has it.
func awaitLesson(ctx context.Context, pool *pgxpool.Pool, sim *simulator.Server, id string) (people int, status string, err error) {
	var wantPeople int
	var wantStatus string
	sim.Update(func(d *simulator.Data) {
		for _, session := range d.Apps[0].Sessions {
			if session.ID == id {
				wantPeople, wantStatus = len(session.Participants), session.Status
			}
		}
	})
	for began := time.Now(); time.Since(began) < longestLook; {
		err := pool.QueryRow(ctx, `SELECT count(p.participant_id), s.status FROM realtimekit.sessions AS s
			LEFT JOIN realtimekit.participants AS p USING (session_id) WHERE session_id = $1 GROUP BY session_id`, id).Scan(&people, &status)
		switch {
		case err == nil && people == wantPeople && status == wantStatus:
			return people, status, nil
		case err != nil && !errors.Is(err, pgx.ErrNoRows):
			return 0, "", err
		}
		if !worker.Pause(ctx, lookingStep) {
			return 0, "", ctx.Err()
		}
	}
	return 0, "", fmt.Errorf("the lesson is not in the warehouse after %s", longestLook)
}
