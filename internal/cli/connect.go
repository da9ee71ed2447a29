package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/postgres/private"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

// apiFlags say which account to read and how fast.
type apiFlags struct {
	accountFlags      `embed:""`
	APITokenFile      string        `name:"api-token-file" env:"CLOUDFLARE_API_TOKEN_FILE" placeholder:"FILE" help:"File with the API token, in place of CLOUDFLARE_API_TOKEN (${env})."`
	BaseURL           string        `env:"CLOUDFLARE_BASE_URL" default:"https://api.cloudflare.com/client/v4" help:"Address of the API (${env})."`
	AuthScheme        string        `env:"ROLLCALL_AUTH_SCHEME" enum:"bearer,basic" default:"bearer" help:"bearer for Cloudflare; basic for the older v2 API, where the account is the organization and the token its API key (${env})."`
	AppIDs            list          `name:"app-ids" predictor:"app" env:"REALTIMEKIT_APP_IDS" placeholder:"APP,…" help:"RealtimeKit apps to read, by id or name; none means all (${env})."`
	RequestsPerSecond float64       `env:"ROLLCALL_REQUESTS_PER_SECOND" default:"3" help:"Most requests per second (${env})."`
	QuotaShare        float64       `env:"ROLLCALL_QUOTA_SHARE" default:"0.2" help:"Share of the account's request quota to leave to others, 0 to 0.9 (${env})."`
	MaxWait           time.Duration `env:"ROLLCALL_MAX_WAIT" default:"10m" help:"End the run with exit code 75 rather than wait longer than this for the quota (${env})."`
	RetryFor          time.Duration `env:"ROLLCALL_RETRY_FOR" default:"2m" help:"How long to repeat one failing request (${env})."`
	PerPage           int           `env:"ROLLCALL_PER_PAGE" default:"100" help:"Rows to ask for in one request, 1 to 1000 (${env})."`
	Concurrency       int           `env:"ROLLCALL_CONCURRENCY" default:"4" help:"Sessions to read at once, 1 to 64 (${env})."`
	Lookback          time.Duration `env:"ROLLCALL_LOOKBACK" default:"72h" help:"How far before the newest known session to look for changes (${env})."`
	Settle            time.Duration `env:"ROLLCALL_SETTLE" default:"1h" help:"How long after its end a session is read again (${env})."`

	ofFile     *account // of ROLLCALL_ACCOUNTS_FILE; nil where the account is not from there
	ofSeveral  bool     // whether the command does the same for others of it
	sideBySide int      // for how many of them at once; 0 for one
	timeZone   string   // of that file; empty for none
}

// liveIn notes the time zone that the accounts file gives the account.
func (f *apiFlags) liveIn(ctx context.Context, books *ledger.Store) error {
	if f.ofFile == nil {
		return nil
	}
	return books.LiveIn(ctx, f.AccountID, f.timeZone)
}

// accountFlags say of which account a command is.
type accountFlags struct {
	AccountID     string `type:"account" env:"CLOUDFLARE_ACCOUNT_ID" placeholder:"ID" help:"Cloudflare account (${env})."`
	accountsFlags `embed:""`
}

const noAccount = "CLOUDFLARE_ACCOUNT_ID is not set: it is the id in the address of the Cloudflare dashboard"

// check refuses to go on without an account.
func (f *accountFlags) check() error {
	if f.AccountID == "" {
		return fmt.Errorf("%w: %s", model.ErrUsage, noAccount)
	}
	return nil
}

const badAccount = "CLOUDFLARE_ACCOUNT_ID is not an account's id: that has 32 digits and letters from a to f, or is the id of an organization of the older API"

// accountID is what an account's id looks like: Cloudflare's, or a UUID of the older
// API's organizations.
var accountID = regexp.MustCompile(`^(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$`)

// wellFormed tells whether the account's id has the form of one: that of an app, an
// e-mail address or a name is often put in its place.
func (f *accountFlags) wellFormed() bool { return accountID.MatchString(f.AccountID) }

// check refuses values that make no sense; the sentence names the variable.
func (f *apiFlags) check() error {
	if wrong := f.wrong(); len(wrong) > 0 {
		return fmt.Errorf("%w: %s", model.ErrUsage, wrong[0])
	}
	return nil
}

// wrong gives a sentence about each value that makes no sense.
func (f *apiFlags) wrong() []string {
	var wrong []string
	for _, rule := range []struct {
		ok   bool
		text string
	}{
		{f.AccountID != "", noAccount},
		{f.AccountID == "" || f.wellFormed(), badAccount},
		{f.AuthScheme != string(extract.SchemeBasic) || f.BaseURL != defaultBaseURL, "with ROLLCALL_AUTH_SCHEME=basic set CLOUDFLARE_BASE_URL to the older API's address, which ends in /v2"},
		{f.AuthScheme != string(extract.SchemeBasic) || len(f.AppIDs) == 0, "with ROLLCALL_AUTH_SCHEME=basic leave REALTIMEKIT_APP_IDS empty: the organization is the only app"},
		{f.RequestsPerSecond > 0 && f.RequestsPerSecond <= 1_000_000, "ROLLCALL_REQUESTS_PER_SECOND must be above 0 and at most 1000000"},
		{f.QuotaShare >= 0 && f.QuotaShare <= 0.9, "ROLLCALL_QUOTA_SHARE must be between 0 and 0.9"},
		{f.MaxWait >= 0, "ROLLCALL_MAX_WAIT must not be negative"},
		{f.RetryFor >= 0, "ROLLCALL_RETRY_FOR must not be negative"},
		{f.PerPage >= 1 && f.PerPage <= 1000, "ROLLCALL_PER_PAGE must be between 1 and 1000"},
		{f.Concurrency >= 1 && f.Concurrency <= 64, "ROLLCALL_CONCURRENCY must be between 1 and 64"},
		{f.Lookback >= 0, "ROLLCALL_LOOKBACK must not be negative"},
		{f.Settle >= 0, "ROLLCALL_SETTLE must not be negative"},
	} {
		if !rule.ok {
			wrong = append(wrong, rule.text)
		}
	}
	return wrong
}

const defaultBaseURL = "https://api.cloudflare.com/client/v4"

const (
	maxBody     = 64 << 20
	idleTimeout = 30 * time.Second
)

// token checks the flags and gives the API token.
func (f *apiFlags) token() (secret.Text, error) {
	if err := f.check(); err != nil {
		return secret.Text{}, err
	}
	token, err := secret.Read("CLOUDFLARE_API_TOKEN", f.APITokenFile)
	if err == nil && token.IsZero() {
		err = fmt.Errorf("%w: CLOUDFLARE_API_TOKEN is not set: make an API token with the Realtime permission", model.ErrUsage)
	}
	return token, err
}

// client gives a client of the API as configured. Its request budget is shared
// through the store with whoever uses the same token; nil is for nobody else.
func (f *apiFlags) client(token secret.Text, shared extract.BudgetStore, log logger) (*extract.Client, error) {
	return f.watchedClient(token, shared, log, nil)
}

// watchedClient is a client whose requests are shown to those who watch.
func (f *apiFlags) watchedClient(token secret.Text, shared extract.BudgetStore, log logger, watch *monitor) (*extract.Client, error) {
	cfg := extract.Config{
		BaseURL: f.BaseURL, AccountID: f.AccountID, Token: token, Scheme: extract.Scheme(f.AuthScheme), UserAgent: "rollcall/" + version(),
		PerPage: f.PerPage, MaxBody: maxBody, RetryFor: f.RetryFor, Timeout: idleTimeout, Logger: log, Now: machineNow,
		Budget: extract.NewBudget(extract.BudgetConfig{
			PerSecond: f.RequestsPerSecond, QuotaShare: f.QuotaShare, MaxWait: f.MaxWait,
			Store: shared, Key: budgetKey(f.BaseURL, token), Logger: log,
		}),
	}
	watch.observeAPI(&cfg)
	return extract.New(cfg)
}

// budgetKey names a token, and the API that counts its calls, without giving it
// away: a token is too long to be guessed from its digest.
func budgetKey(baseURL string, token secret.Text) string {
	digest := sha256.Sum256([]byte("rollcall request budget\n" + strings.TrimRight(baseURL, "/") + "\n" + token.Reveal()))
	return hex.EncodeToString(digest[:16])
}

func (f *apiFlags) pipelineConfig() pipeline.Config {
	return pipeline.Config{
		AccountID: f.AccountID, AppIDs: f.AppIDs, Lookback: f.Lookback, Settle: f.Settle,
		Concurrency: f.Concurrency, Version: version(), Now: machineNow,
	}
}

// databaseFlags say where the warehouse is.
type databaseFlags struct {
	DatabaseURL     filled `env:"DATABASE_URL" placeholder:"URL" help:"Warehouse: any libpq connection string; none means a private Postgres in your data directory. On a shared machine use the variable, since others see flags (${env})."`
	DatabaseURLFile filled `env:"DATABASE_URL_FILE" placeholder:"FILE" help:"File with the connection string, in place of DATABASE_URL (${env})."`
	SchemaPrefix    string `env:"ROLLCALL_SCHEMA_PREFIX" placeholder:"PREFIX" help:"What stands before the names of the warehouse's schemas: with school_ they are school_analytics, school_realtimekit, school_sync and school_rollcall_queue (${env})."`
}

// open connects to the warehouse; close lets go of it, and stops the private
// Postgres if it was started here.
func (f *databaseFlags) open(ctx context.Context, log logger, connections int) (pool *pgxpool.Pool, closeAll func(), err error) {
	return f.openTraced(ctx, log, connections, nil)
}

// openTraced is open with a tracer of the statements, nil for none.
func (f *databaseFlags) openTraced(ctx context.Context, log logger, connections int, tracer pgx.QueryTracer) (pool *pgxpool.Pool, closeAll func(), err error) {
	url, _, stop, err := f.locate(ctx, log)
	if err != nil {
		return nil, nil, err
	}
	if pool, err = postgres.OpenTraced(ctx, url, connections, tracer); err != nil {
		stop()
		return nil, nil, err
	}
	caution(ctx, log, pool)
	return pool, func() { pool.Close(); stop() }, nil
}

// caution warns of a configuration that works and could be safer. A command that
// is to be quiet is not asked to: cron would send a mail for each run.
func caution(ctx context.Context, log logger, pool *pgxpool.Pool) {
	if _, quiet := log.Handler().(atLeast); quiet {
		return
	}
	if fix := exposed(environmentFile); fix != "" {
		log.WarnContext(ctx, "other users of this machine can read or change the secrets in the .env file", "fix", fix)
	}
	if host, ok := postgres.Unverified(pool); ok {
		log.WarnContext(ctx, "nothing proves that this is the right database server; anybody in between can read the password or the data",
			"host", host, "fix", "add sslmode=verify-full to DATABASE_URL, and sslrootcert=FILE for a CA of your own")
	}
}

// locate gives the connection string of the warehouse. Where none is configured it
// starts the private Postgres, which stop stops; server is nil otherwise.
func (f *databaseFlags) locate(ctx context.Context, log logger) (url secret.Text, server *private.Server, stop func(), err error) {
	url = secret.Trimmed(string(f.DatabaseURL))
	if err = secret.Twice("DATABASE_URL", url.Reveal(), string(f.DatabaseURLFile)); err == nil && url.IsZero() {
		url, err = secret.Read("DATABASE_URL", string(f.DatabaseURLFile))
	}
	if err != nil {
		return url, nil, nil, err
	}
	if !url.IsZero() {
		return url, nil, func() {}, nil
	}
	log.InfoContext(ctx, "the warehouse is the private Postgres of your data directory, since DATABASE_URL is not set")
	server, err = startPrivate(ctx, private.Config{Logger: log})
	if err != nil {
		return url, nil, nil, err
	}
	return secret.New(server.URL()), server, func() { stopServer(ctx, server, log) }, nil
}

// startPrivate starts the private Postgres. What the environment says of another server
// (PGSERVICE, PGHOSTADDR, PGCHANNELBINDING) is not said of this one.
func startPrivate(ctx context.Context, config private.Config) (*private.Server, error) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "PG") {
			if err := os.Unsetenv(name); err != nil {
				return nil, err
			}
		}
	}
	server, err := private.Start(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("start the private Postgres: %w", err)
	}
	return server, nil
}

// isPrivate tells whether the warehouse is the private Postgres, since no other is
// named.
func (f *databaseFlags) isPrivate() bool {
	return f.DatabaseURL == "" && f.DatabaseURLFile == "" && os.Getenv("DATABASE_URL") == ""
}

// openWarehouse connects to a warehouse that must have this program's schema.
func (f *databaseFlags) openWarehouse(s *shell, log logger) (*pgxpool.Pool, func(), error) {
	pool, done, err := f.open(s.ctx, log, 4)
	if err != nil {
		return nil, nil, err
	}
	if err := postgres.CheckSchema(s.ctx, pool); err != nil {
		done()
		return nil, nil, err
	}
	return pool, done, nil
}

// holdWarehouse is openWarehouse for a command that writes: the schema stays as it is
// until done. What only looks (dryRun) needs neither that nor a role that may write.
func (f *databaseFlags) holdWarehouse(s *shell, log logger, dryRun bool) (*pgxpool.Pool, func(), error) {
	pool, done, err := f.openWarehouse(s, log)
	if err != nil || dryRun {
		return pool, done, err
	}
	release, err := postgres.HoldSchema(s.ctx, pool)
	if err != nil {
		done()
		return nil, nil, err
	}
	return pool, func() { release(); done() }, nil
}

// stopServer stops a private Postgres also when the program was told to stop.
func stopServer(ctx context.Context, server *private.Server, log logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := server.Stop(ctx); err != nil && !errors.Is(err, context.Canceled) {
		log.WarnContext(ctx, "stopping the private Postgres failed", "error", err)
	}
}
