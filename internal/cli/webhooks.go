package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/find"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/webhook"
)

// webhooksCommand registers where the vendor sends events to.
type webhooksCommand struct {
	Ensure ensureWebhooks `cmd:"" help:"Register the address in each app: it is then told when sessions begin and end, and who comes and goes."`
	List   listWebhooks   `cmd:"" help:"List the webhooks of each app."`
	Remove removeWebhooks `cmd:"" help:"Remove the address from each app."`
}

// Help gives the longer text of --help.
func (*webhooksCommand) Help() string {
	return `This is the only command that writes to the vendor: ensure registers or mends the webhook with your address in each app, and remove deletes it. Webhooks with another address are left alone. --dry-run says what would be done. list reads only.`
}

// changeFlags are those of the two commands that write.
type changeFlags struct {
	apiFlags `embed:"" group:"API"`

	URL    filled `name:"url" required:"" placeholder:"URL" help:"The public address that webhooks are sent to, such as https://example.org/webhooks/realtimekit."`
	DryRun bool   `help:"Say what would be done, and do nothing."`
}

type ensureWebhooks struct {
	changeFlags `embed:""`
}

// Run carries the command out.
func (c *ensureWebhooks) Run(s *shell) error { return c.run(s, webhook.Ensure) }

type removeWebhooks struct {
	changeFlags `embed:""`
}

// Run carries the command out.
func (c *removeWebhooks) Run(s *shell) error { return c.run(s, webhook.Remove) }

// step is one of the two changes in one app.
type step func(ctx context.Context, r webhook.Registry, appID, address string, dryRun bool) (webhook.Step, error)

func (c *changeFlags) run(s *shell, do step) error {
	if err := webhook.CheckURL(string(c.URL)); err != nil {
		return err
	}
	doing := map[bool]string{true: "would be "}
	return eachWebhookApp(s, &c.apiFlags, func(client *extract.Client, w *screen, app model.App) error {
		done, err := do(s.ctx, client, app.ID, string(c.URL), c.DryRun)
		if err != nil {
			return err
		}
		said := string(done)
		if done != webhook.StepNone {
			said = doing[c.DryRun] + said
		}
		w.put(app.ID+"  ", "%s: %s", said, cmp.Or(app.Name, "(no name)"))
		return nil
	})
}

type listWebhooks struct {
	apiFlags `embed:"" group:"API"`
}

// Run carries the command out.
func (c *listWebhooks) Run(s *shell) error {
	return eachWebhookApp(s, &c.apiFlags, func(client *extract.Client, w *screen, app model.App) error {
		all, err := client.Webhooks(s.ctx, app.ID)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			w.put(app.ID+"  ", "no webhook: %s", cmp.Or(app.Name, "(no name)"))
		}
		for _, hook := range all {
			state := map[bool]string{true: "enabled", false: "disabled"}[hook.Enabled]
			w.put(app.ID+"  ", "%s  %s  %s  %s", hook.ID, state, shownURL(hook.URL), strings.Join(hook.Events, ","))
		}
		return nil
	})
}

// shownURL leaves out of an address what may be a secret of whoever receives there.
func shownURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(no address)"
	}
	shown := u.Scheme + "://" + u.Host + u.Path
	if u.RawQuery != "" || u.User != nil {
		shown += " (and more, which is not shown)"
	}
	return shown
}

// eachWebhookApp goes through the apps. What fails in one keeps no other from being
// done, unless the API refuses the token.
func eachWebhookApp(s *shell, api *apiFlags, do func(client *extract.Client, w *screen, app model.App) error) error {
	if api.AuthScheme != string(extract.SchemeBearer) {
		return fmt.Errorf("%w: webhooks of the older API are registered in its own portal", model.ErrUsage)
	}
	token, err := api.token()
	if err != nil {
		return err
	}
	client, err := api.client(token, nil, s.logger)
	if err != nil {
		return err
	}
	defer client.Close()
	apps, err := appsOf(s.ctx, client, api.AppIDs)
	if err != nil {
		return err
	}
	w := newScreen(s)
	var failures error
	for _, app := range apps {
		switch err := do(client, w, app); {
		case s.ctx.Err() != nil, errors.Is(err, model.ErrDenied), errors.Is(err, model.ErrBudgetSpent):
			return errors.Join(failures, err)
		case err != nil:
			failures = errors.Join(failures, fmt.Errorf("app %s: %w", app.ID, err))
		}
	}
	return failures
}

// appsOf asks the API for the apps, and gives those that are meant: all, or those of
// these ids or names.
func appsOf(ctx context.Context, client *extract.Client, names []string) ([]model.App, error) {
	var all []model.App
	_, err := client.Apps(ctx, func(page model.AppPage) error {
		all = append(all, page.Apps...)
		return nil
	})
	if err != nil || len(names) == 0 {
		return all, err
	}
	ids, err := find.AppsOf(all, names)
	if err != nil {
		return nil, err
	}
	meant := make([]model.App, len(ids))
	for i, id := range ids {
		meant[i].ID = id
		for _, app := range all {
			if app.ID == id {
				meant[i] = app
			}
		}
	}
	return meant, nil
}
