package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// Registry is where webhooks of an app are registered. An error of a change wraps
// model.ErrUncertain where it may have been made nonetheless.
type Registry interface {
	Webhooks(ctx context.Context, appID string) ([]model.Webhook, error)
	CreateWebhook(ctx context.Context, appID string, w model.Webhook) error
	ChangeWebhook(ctx context.Context, appID string, w model.Webhook) error
	DeleteWebhook(ctx context.Context, appID, id string) error
}

// Step tells what was done, or would be, in an app.
type Step string

// The steps.
const (
	StepNone   Step = "nothing to do"
	StepCreate Step = "registered"
	StepChange Step = "changed"
	StepRemove Step = "removed"
)

// wanted are the events that lead to a session being read.
func wanted() []string {
	return []string{MeetingStarted, MeetingEnded, ParticipantJoined, ParticipantLeft}
}

// registeredName is what the vendor shows of a webhook in its dashboard.
const registeredName = "rollcall"

const (
	registerTries = 4
	registerPause = time.Second
)

// CheckURL refuses an address that the vendor cannot reach us by.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return fmt.Errorf("%w: --url must be the public address of rollcall serve, such as https://example.org%s", model.ErrUsage, Path)
	}
	return nil
}

// Ensure lets an app tell an address of the events that are wanted: it registers it
// where the app has it not, and mends it where it is disabled or lacks an event. Other
// webhooks are left alone. Nothing is changed in a dry run.
func Ensure(ctx context.Context, r Registry, appID, address string, dryRun bool) (step Step, err error) {
	step = StepNone
	err = again(ctx, func() error {
		found, err := at(ctx, r, appID, address)
		switch {
		case err != nil:
			return err
		case found == nil:
			if step = StepCreate; dryRun {
				return nil
			}
			return r.CreateWebhook(ctx, appID, model.Webhook{Name: registeredName, URL: address, Events: wanted(), Enabled: true})
		}
		events := slices.Clone(found.Events)
		for _, event := range wanted() {
			if !slices.Contains(events, event) {
				events = append(events, event)
			}
		}
		if found.Enabled && len(events) == len(found.Events) {
			return nil // or what was uncertain was made
		}
		if step = StepChange; dryRun {
			return nil
		}
		found.Events, found.Enabled = events, true
		return r.ChangeWebhook(ctx, appID, *found)
	})
	return step, err
}

// Remove lets an app tell an address nothing any more.
func Remove(ctx context.Context, r Registry, appID, address string, dryRun bool) (step Step, err error) {
	step = StepNone
	err = again(ctx, func() error {
		found, err := at(ctx, r, appID, address)
		if err != nil || found == nil {
			return err
		}
		if step = StepRemove; dryRun {
			return nil
		}
		return r.DeleteWebhook(ctx, appID, found.ID)
	})
	return step, err
}

// at gives the webhook of an address, nil where there is none. One that is the same to the
// letter goes before one that only means the same.
func at(ctx context.Context, r Registry, appID, address string) (*model.Webhook, error) {
	all, err := r.Webhooks(ctx, appID)
	is := func(same func(listed string) bool) int {
		return slices.IndexFunc(all, func(w model.Webhook) bool { return same(w.URL) })
	}
	i := is(func(listed string) bool { return listed == address })
	if i < 0 {
		i = is(func(listed string) bool { return spelling(listed) == spelling(address) })
	}
	if i < 0 {
		return nil, err
	}
	return &all[i], err
}

// spelling gives an address in the one form of those that mean the same: scheme and host in
// small letters, without the port that goes without saying.
func spelling(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if u.Port() == map[string]string{"https": "443", "http": "80"}[u.Scheme] {
		u.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}

// again makes a step anew while it is not known whether it was made: the list tells.
func again(ctx context.Context, step func() error) error {
	backoff := retry.WithMaxRetries(registerTries-1, retry.NewConstant(registerPause))
	err := retry.Do(ctx, backoff, func(context.Context) error {
		err := step()
		if errors.Is(err, model.ErrUncertain) {
			return retry.RetryableError(err)
		}
		return err
	})
	switch {
	case errors.Is(err, model.ErrUncertain):
		return fmt.Errorf("gave up after %d tries: %w", registerTries, err)
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return err
}
