package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"sync"

	"github.com/alecthomas/kong"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// accountsFlags name a file of many accounts.
type accountsFlags struct {
	AccountsFile string `name:"accounts-file" env:"ROLLCALL_ACCOUNTS_FILE" placeholder:"FILE" help:"JSON file of many accounts, in place of one (${env})."`
	Account      list   `name:"account" placeholder:"ACCOUNT,…" help:"Only these accounts of that file, by id or name."`
}

// many gives the accounts that are meant; none where no file is given.
func (f *accountFlags) many() ([]account, error) {
	if f.AccountsFile == "" {
		if len(f.Account) > 0 {
			return nil, fmt.Errorf("%w: --account chooses from %s, which is not set", model.ErrUsage, accountsVariable)
		}
		return nil, nil
	}
	if f.AccountID != "" {
		return nil, fmt.Errorf("%w: CLOUDFLARE_ACCOUNT_ID and %s are both set: keep one of them", model.ErrUsage, accountsVariable)
	}
	all, err := readAccounts(f.AccountsFile)
	if err != nil {
		return nil, err
	}
	return chosen(all, f.Account)
}

// flagsOfAccount gives the flags by which a command knows its account.
func (f *accountFlags) flagsOfAccount() *accountFlags { return f }

// flagsOfAPI gives the flags by which a command asks the API.
func (f *apiFlags) flagsOfAPI() *apiFlags { return f }

// flagsOfMetrics gives the flags by which a command writes metrics.
func (f *metricsFlags) flagsOfMetrics() *metricsFlags { return f }

// takeAccount lets flags be those of one account of many.
func takeAccount(command any, a *account) {
	if c, ok := command.(interface{ flagsOfAccount() *accountFlags }); ok {
		*c.flagsOfAccount() = accountFlags{AccountID: a.ID}
	}
	if c, ok := command.(interface{ flagsOfAPI() *apiFlags }); ok {
		c.flagsOfAPI().take(a)
	}
	if c, ok := command.(interface{ flagsOfMetrics() *metricsFlags }); ok {
		if f := c.flagsOfMetrics(); f.MetricsFile != "" { // a file each
			ext := filepath.Ext(f.MetricsFile)
			f.MetricsFile = strings.TrimSuffix(f.MetricsFile, ext) + "-" + a.ID + ext
		}
	}
}

// take lets the flags be those of an account.
func (f *apiFlags) take(a *account) {
	f.accountFlags = accountFlags{AccountID: a.ID}
	f.APITokenFile = a.TokenFile
	if len(a.Apps) > 0 {
		f.AppIDs = a.Apps
	}
	if a.RequestsPerSecond != nil {
		f.RequestsPerSecond = *a.RequestsPerSecond
	}
	if a.QuotaShare != nil {
		f.QuotaShare = *a.QuotaShare
	}
	f.ofFile, f.timeZone = a, a.TimeZone
}

// atOnce is how many accounts one command works for at once: each takes connections.
const atOnce = 8

// choosy is a command that does not do for many accounts all that it does for one.
type choosy interface {
	forMany() error // refuses the rest
}

// runChosen runs the command that was chosen: once, or once an account of the file
// where it is one of an account and does not see to that by itself.
func runChosen(command *kong.Context, s *shell) error {
	target := command.Selected().Target
	switch target.Addr().Interface().(type) {
	case *serveCommand, *workCommand: // one process for all of them
		return command.Run(s)
	}
	one, ok := reflect.TypeAssert[interface{ flagsOfAccount() *accountFlags }](target.Addr())
	if !ok {
		return command.Run(s)
	}
	accounts, err := one.flagsOfAccount().many()
	switch {
	case err != nil:
		return watched(s, target, func() (string, error) { return oneLine(err.Error()), err })
	case len(accounts) == 0:
		return command.Run(s)
	case len(accounts) == 1: // on the terminal itself, for as long as it likes
		takeAccount(target.Addr().Interface(), &accounts[0])
		own := *s
		own.logger = s.logger.With(slog.String("account", accounts[0].label()))
		if err := accounts[0].told(command.Run(&own)); err != nil {
			return fmt.Errorf("account %s: %w", oneLine(accounts[0].label()), err)
		}
		return nil
	}
	if c, ok := reflect.TypeAssert[choosy](target.Addr()); ok {
		if err := c.forMany(); err != nil {
			return err
		}
	}
	out := &turns{stdout: s.stdout, stderr: s.stderr}
	return watched(s, target, func() (string, error) { return out.all(s, target, accounts) })
}

// watched does what a command is to do. Where that is the cron job, the dead man's switch is
// told of it as of one run.
func watched(s *shell, command reflect.Value, all func() (summary string, err error)) error {
	if c, ok := reflect.TypeAssert[*runCommand](command.Addr()); ok && !c.DryRun {
		return c.pinged(s, all)
	}
	_, err := all()
	return err
}

// pinged tells the dead man's switch of the runs of many accounts as of one, which ends
// as the worst of them: otherwise one's success would hide that another fails.
func (c *runCommand) pinged(s *shell, all func() (summary string, err error)) error {
	address, err := openSwitch(&c.watchFlags, s.logger)
	if err != nil {
		return err
	}
	c.ofMany = true
	run := address.Start(s.ctx)
	summary, err := all()
	run.End(s.ctx, exitCode(err), summary)
	return err
}

// turns lets accounts speak one after the other.
type turns struct {
	stdout, stderr io.Writer
	sideBySide     int // accounts at once

	mu      sync.Mutex
	worst   error
	summary bytes.Buffer // a line an account
}

// all runs the command for all accounts side by side: what one waits for or fails of
// delays no other.
func (o *turns) all(s *shell, target reflect.Value, accounts []account) (summary string, worst error) {
	o.sideBySide = min(atOnce, len(accounts))
	slots := make(chan struct{}, o.sideBySide)
	var all sync.WaitGroup
	for i := range accounts {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			o.run(s, target, &accounts[i])
		})
	}
	all.Wait()
	return o.summary.String(), o.worst
}

// run runs the command for one account, and prints what it said once it has ended.
func (o *turns) run(s *shell, target reflect.Value, a *account) {
	mine := reflect.New(target.Type())
	mine.Elem().Set(target)
	takeAccount(mine.Interface(), a)
	if c, ok := reflect.TypeAssert[interface{ flagsOfAPI() *apiFlags }](mine); ok {
		c.flagsOfAPI().ofSeveral, c.flagsOfAPI().sideBySide = true, o.sideBySide
	}
	var said bytes.Buffer
	own := &shell{ctx: s.ctx, stdout: &said, stderr: io.Discard, logger: s.logger.With(slog.String("account", a.label())), logs: s.logs}
	err := a.told(mine.Interface().(interface{ Run(*shell) error }).Run(own))
	o.mu.Lock()
	defer o.mu.Unlock()
	if said.Len() > 0 && said.Bytes()[0] != '{' { // JSON tells by itself
		fmt.Fprintf(o.stdout, "account %s:\n", oneLine(a.label()))
	}
	_, _ = o.stdout.Write(said.Bytes()) // results remembers a failure
	if err == nil {
		fmt.Fprintf(&o.summary, "account %s: done\n", oneLine(a.label()))
		return
	}
	fmt.Fprintf(&o.summary, "account %s: exit code %d: %s\n", oneLine(a.label()), exitCode(err), oneLine(err.Error()))
	if !errors.Is(err, errPartial) && !errors.Is(err, errHeld) {
		fmt.Fprintf(o.stderr, "rollcall: account %s: %s\n", oneLine(a.label()), oneLine(err.Error()))
	}
	if o.worst == nil || severity(err) > severity(o.worst) {
		o.worst = &saidError{err}
	}
}

// severity orders errors of accounts: the worst gives the exit code.
func severity(err error) int {
	return map[int]int{exitTryLater: 1, exitPartial: 2, exitUsage: 3, exitFailed: 4}[exitCode(err)]
}

// saidError was told already.
type saidError struct{ error }

func (e *saidError) Unwrap() error { return e.error }
