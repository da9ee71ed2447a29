package extract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// webhookWire is a registered webhook as the API shows it. Source: OpenAPI, webhooks.
type webhookWire struct {
	ID      string   `json:"id,omitempty"`
	Name    string   `json:"name"`
	URL     string   `json:"url"`
	Events  []string `json:"events"`
	Enabled bool     `json:"enabled"`
}

func (w webhookWire) record() model.Webhook {
	return model.Webhook{ID: w.ID, Name: w.Name, URL: w.URL, Events: w.Events, Enabled: w.Enabled}
}

func webhooksPath(appID string) string { return "/" + url.PathEscape(appID) + "/webhooks" }

// Webhooks lists the webhooks of an app. The list has no pages, and 404 stands for an
// empty one.
func (c *Client) Webhooks(ctx context.Context, appID string) ([]model.Webhook, error) {
	var wire []webhookWire
	err := c.get(ctx, webhooksPath(appID), nil, func(body []byte) (envelope, error) { return readData(body, &wire) })
	if errors.Is(err, model.ErrNotFound) {
		return nil, nil
	}
	all := make([]model.Webhook, 0, len(wire))
	for _, w := range wire {
		all = append(all, w.record())
	}
	return all, err
}

// CreateWebhook registers a webhook. It is sent once: after an error that wraps
// model.ErrUncertain the webhook may or may not be there, and a list tells.
func (c *Client) CreateWebhook(ctx context.Context, appID string, w model.Webhook) error {
	return c.write(ctx, http.MethodPost, webhooksPath(appID), webhookWire{Name: w.Name, URL: w.URL, Events: w.Events, Enabled: w.Enabled})
}

// ChangeWebhook gives a webhook these events, and enables or disables it. Sent once,
// as CreateWebhook is.
func (c *Client) ChangeWebhook(ctx context.Context, appID string, w model.Webhook) error {
	return c.write(ctx, http.MethodPatch, webhooksPath(appID)+"/"+url.PathEscape(w.ID), struct {
		Events  []string `json:"events"`
		Enabled bool     `json:"enabled"`
	}{w.Events, w.Enabled})
}

// DeleteWebhook removes a webhook; one that is gone is no error.
func (c *Client) DeleteWebhook(ctx context.Context, appID, id string) error {
	err := c.write(ctx, http.MethodDelete, webhooksPath(appID)+"/"+url.PathEscape(id), nil)
	if errors.Is(err, model.ErrNotFound) {
		return nil
	}
	return err
}

// write sends one request that changes something, and takes note of how it went.
func (c *connection) write(ctx context.Context, method, path string, content any) error {
	asked := call{method: method, path: path}
	if content != nil {
		var err error
		if asked.body, err = json.Marshal(content); err != nil {
			return fmt.Errorf("%s: %w", asked, err)
		}
	}
	began := time.Now()
	if err := c.cfg.Budget.Take(ctx); err != nil {
		return err
	}
	sent := time.Now()
	status, err := c.attempt(ctx, asked, func(body []byte) (envelope, error) { return readEnvelope(body, nil) })
	if c.cfg.Observe != nil {
		c.cfg.Observe(Exchange{Endpoint: Endpoint(path), Status: status, Try: 1, Waited: sent.Sub(began), Took: time.Since(sent)})
	}
	if answer, ok := errors.AsType[*AnswerError](err); isTransient(err) || ok && answer.Status == http.StatusConflict {
		return fmt.Errorf("%w: %w", model.ErrUncertain, err)
	}
	return err
}

// readData decodes the data of an answer that is not worth walking over.
func readData(body []byte, into any) (envelope, error) {
	env, err := readEnvelope(body, nil)
	if err != nil || !env.success {
		return env, err
	}
	data := memberOf(string(body), "data", "")
	if err := json.Unmarshal([]byte(data), into, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)); err != nil {
		return env, fmt.Errorf("%w: data is not what was asked for", errShape)
	}
	return env, nil
}
