package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Webhook is an address that an app tells of events.
type Webhook struct {
	ID        string
	Name      string
	URL       string
	Events    []string // of WebhookEvents
	Enabled   bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

// WebhookEvents lists the names of all events.
func WebhookEvents() []string {
	return []string{
		EventStarted, EventEnded, EventJoined, EventLeft, EventChat, EventRecording, EventLivestream, EventTranscript, EventSummary,
	}
}

// webhookChange is the body of POST, PUT and PATCH. A member that is nil was not sent.
type webhookChange struct {
	Name    *string   `json:"name"`
	URL     *string   `json:"url"`
	Events  *[]string `json:"events"`
	Enabled *bool     `json:"enabled"`
}

// isWebhooks tells whether a route is one of the two that may write.
func isWebhooks(rt route) bool { return rt.name == RouteWebhooks || rt.name == RouteWebhook }

// webhooks answers both routes.
func (s *Server) webhooks(r *http.Request, rt route) (status int, body []byte, fail *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if fail := s.authorize(r, rt); fail != nil {
		return 0, nil, fail
	}
	app := s.index.apps[rt.app]
	if app == nil {
		return 0, nil, notFound("No app found")
	}
	if rt.name == RouteWebhooks {
		switch r.Method {
		case http.MethodGet:
			return listWebhooks(app)
		case http.MethodPost:
			return s.createWebhook(r, app)
		}
		return 0, nil, notAllowed()
	}
	at := slices.IndexFunc(app.Webhooks, func(w *Webhook) bool { return w.ID == rt.webhook })
	if at < 0 {
		return 0, nil, notFound("Webhook not found")
	}
	return s.oneWebhook(r, app, at)
}

// listWebhooks has no pages, and no list where there is none.
func listWebhooks(app *App) (status int, body []byte, fail *apiError) {
	if len(app.Webhooks) == 0 {
		return 0, nil, notFound("No webhooks found")
	}
	all := make([]any, len(app.Webhooks))
	for i, w := range app.Webhooks {
		all[i] = w.members()
	}
	return http.StatusOK, dataOf(all), nil
}

// createWebhook refuses an address that the app has already, whatever its name.
func (s *Server) createWebhook(r *http.Request, app *App) (status int, body []byte, fail *apiError) {
	change, fail := readChange(r, true)
	if fail != nil {
		return 0, nil, fail
	}
	if slices.ContainsFunc(app.Webhooks, func(w *Webhook) bool { return w.URL == *change.URL }) {
		return 0, nil, &apiError{status: http.StatusConflict, code: http.StatusConflict, message: "Webhook already exists"}
	}
	s.webhooksMade++
	w := &Webhook{ID: newRandom(s.webhooksMade).uuid(), Enabled: true, CreatedAt: milli(s.now())}
	w.apply(change, s.now())
	app.Webhooks = append(app.Webhooks, w)
	return http.StatusOK, dataOf(w.members()), nil
}

func (s *Server) oneWebhook(r *http.Request, app *App, at int) (status int, body []byte, fail *apiError) {
	w := app.Webhooks[at]
	switch r.Method {
	case http.MethodGet:
	case http.MethodDelete:
		app.Webhooks = slices.Delete(app.Webhooks, at, at+1)
	case http.MethodPut, http.MethodPatch:
		change, fail := readChange(r, r.Method == http.MethodPut)
		if fail != nil {
			return 0, nil, fail
		}
		w.apply(change, s.now())
		if r.Method == http.MethodPut { // which answers with less
			return http.StatusOK, dataOf(map[string]any{"id": w.ID, "name": w.Name}), nil
		}
	default:
		return 0, nil, notAllowed()
	}
	return http.StatusOK, dataOf(w.members()), nil
}

// readChange reads a body; whole asks for every member but enabled.
func readChange(r *http.Request, whole bool) (webhookChange, *apiError) {
	var change webhookChange
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil || json.Unmarshal(text, &change) != nil {
		return change, badRequest("the body is no webhook")
	}
	if whole && (change.Name == nil || change.URL == nil || change.Events == nil) {
		return change, badRequest(`"name", "url" and "events" are required`)
	}
	if change.URL != nil {
		if u, err := url.Parse(*change.URL); err != nil || u.Host == "" {
			return change, badRequest(`"url" must be a valid uri`)
		}
	}
	if change.Events != nil {
		for _, event := range *change.Events {
			if !slices.Contains(WebhookEvents(), event) {
				return change, badRequest(`"events" must be names of events`)
			}
		}
	}
	return change, nil
}

func (w *Webhook) apply(change webhookChange, now time.Time) {
	if change.Name != nil {
		w.Name = *change.Name
	}
	if change.URL != nil {
		w.URL = *change.URL
	}
	if change.Events != nil {
		w.Events = slices.Clone(*change.Events)
	}
	if change.Enabled != nil {
		w.Enabled = *change.Enabled
	}
	w.UpdatedAt = milli(now)
}

// members are what is shown of a webhook; there is no secret.
func (w *Webhook) members() map[string]any {
	return map[string]any{
		"id": w.ID, "name": w.Name, "url": w.URL, "events": w.Events, "enabled": w.Enabled,
		"created_at": stamp(w.CreatedAt), "updated_at": stamp(w.UpdatedAt),
	}
}

// stamp writes a time as the API does; the zero time is null.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return string(appendTime(nil, t, false))
}

func dataOf(data any) []byte {
	body, err := json.Marshal(map[string]any{"success": true, "data": data})
	if err != nil {
		panic(err) // texts, lists and booleans
	}
	return body
}
