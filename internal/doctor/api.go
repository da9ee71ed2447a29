package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/ledger"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// Patience of the checks: who waits for them sits in front of them. A client that
// [Config.Client] gives should wait no longer than RetryFor and MaxWait.
const (
	reachTimeout = 10 * time.Second
	RetryFor     = 3 * time.Second
	MaxWait      = 10 * time.Second
)

// How far two clocks may differ: above the one is a warning, above the other a problem.
const (
	clockWarning   = 30 * time.Second
	ClockTolerance = 5 * time.Minute
)

// api checks the way to the API, the token and its permission.
func (c *Config) api(ctx context.Context, to *Checks, shared *pgxpool.Pool) {
	reached := c.reach(ctx, to)
	rest := []string{"token", "permission", "apps", "API clock"}
	switch {
	case len(c.Wrong) > 0:
		to.skip("mend the configuration first", rest...)
		return
	case !reached:
		to.skip("mend the way to the API first", rest...)
		return
	}
	var store extract.BudgetStore
	if shared != nil {
		store = ledger.New(warehouse.New(shared, c.Logger))
	}
	client, err := c.Client(store)
	if err != nil {
		to.failed("token", err, "")
		return
	}
	defer client.Close()
	c.token(ctx, to, client)
	clock(to, "API clock", client)
}

// reach goes the way to the API without a request.
func (c *Config) reach(ctx context.Context, to *Checks) bool {
	steps, err := extract.Reach(ctx, c.BaseURL, reachTimeout)
	if err != nil {
		to.skip("CLOUDFLARE_BASE_URL is no address", "API address")
		return false
	}
	var found []string
	for _, step := range steps {
		if step.Err == nil {
			found = append(found, step.Name+": "+step.Detail)
			continue
		}
		to.problem("API address", step.Name+": "+step.Err.Error(), map[string]string{
			"DNS":   "check CLOUDFLARE_BASE_URL and the name servers of this machine, or set HTTPS_PROXY",
			"TCP":   "check CLOUDFLARE_BASE_URL and the firewall, or set HTTPS_PROXY",
			"TLS":   "check CLOUDFLARE_BASE_URL, this machine's clock and its certificates (ca-certificates); where a proxy inspects TLS, let SSL_CERT_FILE name a file with its certificate authority",
			"proxy": "check HTTPS_PROXY and the network",
		}[step.Name])
		return false
	}
	to.ok("API address", "%s", strings.Join(found, "; "))
	return true
}

// errSeen ends a list after the first page: that the API gave it is enough.
var errSeen = errors.New("seen")

// token reads the apps and one page of sessions: that a token is valid
// does not prove that it has the permission.
func (c *Config) token(ctx context.Context, to *Checks, client *extract.Client) {
	apps, err := listApps(ctx, client)
	answer, answered := errors.AsType[*extract.AnswerError](err)
	switch {
	case errors.Is(err, model.ErrStore): // the way to the API begins in the database
		to.failed("budget", err, "")
		to.skip("the shared request budget cannot be kept: mend the database first", "token", "permission", "apps")
		return
	case errors.Is(err, model.ErrBudgetSpent):
		to.warn("token", err.Error(), "try again then; until that time every run ends with 75")
		to.skip("the request budget is spent", "permission", "apps")
		return
	case answered && answer.Status == http.StatusForbidden && !answer.IsPage: // a page says nothing of the token
		to.ok("token", "known to the API")
		to.failed("permission", err, "")
		to.skip("the token does not see them", "apps")
		return
	case err != nil:
		to.failed("token", err, "see whether the API is up, and try again")
		to.skip("no answer to judge by", "permission", "apps")
		return
	}
	to.ok("token", "accepted by the API")
	c.apps(ctx, to, client, apps)
}

func (c *Config) apps(ctx context.Context, to *Checks, client *extract.Client, apps []model.App) {
	ids := make([]string, 0, len(apps))
	for i := range apps {
		ids = append(ids, apps[i].ID)
	}
	var unknown []string
	for _, id := range c.AppIDs {
		if !slices.Contains(ids, id) {
			unknown = append(unknown, id)
		}
	}
	wanted := ids
	if len(c.AppIDs) > 0 {
		wanted = c.AppIDs
	}
	wanted = slices.DeleteFunc(slices.Clone(wanted), func(id string) bool { return slices.Contains(unknown, id) })
	if len(wanted) == 0 {
		to.skip("no app to ask about", "permission")
	} else if err := c.onePage(ctx, client, wanted[0]); errors.Is(err, model.ErrNotFound) {
		to.warn("permission", "the API lists app "+wanted[0]+" and answers 404 for its sessions: runs take it for an app without sessions, unless the warehouse holds some of it",
			"if there were sessions in this app, ask the vendor")
	} else if err != nil {
		to.failed("permission", err, "see whether the API is up, and try again")
	} else {
		to.ok("permission", "the token reads apps and sessions")
	}
	switch {
	case len(unknown) > 0:
		to.problem("apps", "the account has no app "+strings.Join(unknown, ", "),
			fmt.Sprintf("check REALTIMEKIT_APP_IDS; the token sees %s", orNone(ids)))
	case len(ids) == 0:
		to.warn("apps", "the account has no app, or the token does not see it", "check CLOUDFLARE_ACCOUNT_ID, and make an app in the dashboard")
	default:
		to.ok("apps", "%d of %d will be read", len(wanted), len(ids))
	}
}

func orNone(ids []string) string {
	if len(ids) == 0 {
		return "none"
	}
	return strings.Join(ids, ", ")
}

// listApps lists the apps. They are few: the one list that is read to its end.
func listApps(ctx context.Context, client *extract.Client) ([]model.App, error) {
	var apps []model.App
	_, err := client.Apps(ctx, func(page model.AppPage) error {
		apps = append(apps, page.Apps...)
		return nil
	})
	return apps, err
}

func (c *Config) onePage(ctx context.Context, client *extract.Client, appID string) error {
	_, err := client.Sessions(ctx, appID, time.Time{}, time.Time{}, func(model.SessionPage) error { return errSeen })
	if errors.Is(err, errSeen) {
		return nil
	}
	return err
}

// clock compares the API's clock with this machine's.
func clock(to *Checks, name string, client *extract.Client) {
	skew, ok := client.ClockSkew()
	if !ok {
		to.skip("no answer told the time", name)
		return
	}
	judgeClock(to, name, skew)
}

// judgeClock judges how far another clock is ahead of this machine's. A run lists
// up to its own present, so that sessions behind it are read late.
func judgeClock(to *Checks, name string, skew time.Duration) {
	how := "ahead of"
	if skew < 0 {
		how = "behind"
	}
	text := fmt.Sprintf("it is %s %s this machine's", skew.Abs().Round(time.Second), how)
	const toDo = "let NTP set this machine's clock"
	switch {
	case skew.Abs() > ClockTolerance:
		to.problem(name, text, toDo)
	case skew.Abs() > clockWarning:
		to.warn(name, text, toDo)
	default:
		to.ok(name, "agrees with this machine's to %s", max(skew.Abs().Round(time.Second), time.Second))
	}
}
