package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/rollcall-etl/rollcall/internal/metrics"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/queue"
	"github.com/rollcall-etl/rollcall/internal/webhook"
)

// serveCommand receives webhooks.
type serveCommand struct {
	accountFlags  `embed:"" group:"API"`
	databaseFlags `embed:"" group:"Database"`

	Addr    string `name:"webhook-addr" env:"ROLLCALL_WEBHOOK_ADDR" default:"127.0.0.1:8080" help:"Address to listen on: plain HTTP for a proxy on this machine, or TLS (${env})."`
	KeyFile string `name:"webhook-key-file" env:"ROLLCALL_WEBHOOK_KEY_FILE" placeholder:"FILE" help:"The vendor's public key in PEM, in place of its published document (${env})."`
	KeyURL  string `name:"webhook-key-url" env:"ROLLCALL_WEBHOOK_KEY_URL" placeholder:"URL" help:"Another address of that document (${env})."`
	TLSCert string `name:"tls-cert" placeholder:"FILE" help:"Certificate chain in PEM, to serve TLS."`
	TLSKey  string `name:"tls-key" placeholder:"FILE" help:"Its private key in PEM."`

	certificate *certificate   // of the two files; nil for plain HTTP
	listening   func(net.Addr) // is told; nil for nobody
	drain       time.Duration  // drainTime where it is 0
}

// Help gives the longer text of --help.
func (*serveCommand) Help() string {
	return `Takes the vendor's webhooks at /webhooks/realtimekit. Each is proved by its signature and answered once it is certain that its session will be read; rollcall work reads it. Nothing of its body but names and ids of what it is about is kept. /healthz, /readyz and /metrics are for those who look after it.`
}

// Run carries the command out.
func (c *serveCommand) Run(s *shell) error {
	accounts, err := c.accounts()
	if err == nil {
		err = c.checkServe(s.ctx)
	}
	if err == nil && c.TLSCert != "" {
		c.certificate, err = openCertificate(c.TLSCert, c.TLSKey, s.logger)
	}
	if err != nil {
		return err
	}
	keys, err := c.keys()
	if err != nil {
		return err
	}
	pool, done, err := c.open(s.ctx, s.logger, serveConnections)
	if err != nil {
		return err
	}
	defer done()
	q, err := queue.New(pool, s.logger)
	if err != nil {
		return err
	}
	inbox := queue.NewInbox(q, accounts...)
	if err := inbox.Ready(s.ctx); err != nil {
		return err
	}
	counts := metrics.NewWebhooks(version(), append(webhook.Names(), "unknown"), texts(webhook.Outcomes()), metrics.NewQueue(q.Figures, s.logger))
	handler := &webhook.Handler{
		Keys: keys, Inbox: inbox, Logger: s.logger, Metrics: counts.Handler(s.logger),
		Observe: func(event string, outcome webhook.Outcome, took time.Duration) {
			counts.Delivery(event, string(outcome), took)
		},
	}
	return c.serve(s, handler)
}

// serveConnections is enough: deliveries of one moment share a transaction.
const serveConnections = 4

func texts[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, t := range all {
		out[i] = string(t)
	}
	return out
}

// accounts gives the ids of the accounts whose webhooks are taken in.
func (c *serveCommand) accounts() ([]string, error) {
	many, err := c.many()
	if err != nil {
		return nil, err
	}
	if len(many) == 0 {
		if err := c.check(); err != nil {
			return nil, err
		}
		if !c.wellFormed() {
			return nil, fmt.Errorf("%w: %s", model.ErrUsage, badAccount)
		}
		return []string{c.AccountID}, nil
	}
	ids := make([]string, len(many))
	for i := range many {
		ids[i] = many[i].ID
	}
	return ids, nil
}

func (c *serveCommand) checkServe(ctx context.Context) error {
	switch {
	case c.KeyFile != "" && c.KeyURL != "":
		return fmt.Errorf("%w: ROLLCALL_WEBHOOK_KEY_FILE and ROLLCALL_WEBHOOK_KEY_URL are both set: keep one of them", model.ErrUsage)
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return fmt.Errorf("%w: --tls-cert and --tls-key go together", model.ErrUsage)
	case c.isPrivate():
		return errOwnDatabase
	}
	_, port, err := net.SplitHostPort(c.Addr)
	if err == nil {
		_, err = net.DefaultResolver.LookupPort(ctx, "tcp", port)
	}
	if err != nil {
		return fmt.Errorf("%w: ROLLCALL_WEBHOOK_ADDR must look like 127.0.0.1:8080, got %q", model.ErrUsage, c.Addr)
	}
	return nil
}

func (c *serveCommand) keys() (*webhook.Keys, error) {
	if c.KeyFile != "" {
		return webhook.PinnedKey(c.KeyFile)
	}
	return webhook.PublishedKey(c.KeyURL)
}

// drainTime is how long deliveries in hand have to be answered; connections that take longer,
// or on which nothing came, are closed.
const drainTime = 5 * time.Second

// serve answers until the program is told to stop.
func (c *serveCommand) serve(s *shell, handler *webhook.Handler) error {
	var config net.ListenConfig
	listener, err := config.Listen(s.ctx, "tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("receive webhooks: %w; free the address or give another with ROLLCALL_WEBHOOK_ADDR", err)
	}
	server := &http.Server{
		Handler: handler.Routes(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 15 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() {
		if c.certificate != nil {
			server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.certificate.current}
			ended <- server.ServeTLS(listener, "", "")
			return
		}
		ended <- server.Serve(listener)
	}()
	if c.listening != nil {
		c.listening(listener.Addr())
	}
	s.logger.InfoContext(s.ctx, "receiving webhooks", "addr", listener.Addr().String(), "path", webhook.Path, "tls", c.certificate != nil)
	select {
	case err := <-ended:
		return fmt.Errorf("receive webhooks: %w", err)
	case <-s.ctx.Done():
	}
	handler.Stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), cmp.Or(c.drain, drainTime))
	defer cancel()
	if err = server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
