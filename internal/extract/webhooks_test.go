package extract

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/webhook"
)

const address = "https://rollcall.example/webhooks/realtimekit"

func TestEnsureWebhook(t *testing.T) {
	t.Parallel()
	hook := func(change func(*simulator.Webhook)) []*simulator.Webhook {
		w := &simulator.Webhook{ID: "b1f2", URL: address, Name: "by hand", Enabled: true, Events: []string{
			"meeting.summary", "meeting.started", "meeting.ended", "meeting.participantJoined", "meeting.participantLeft",
		}}
		change(w)
		return []*simulator.Webhook{w}
	}
	for name, test := range map[string]webhookTest{
		"none":               {want: webhook.StepCreate, writes: 1},
		"there":              {have: hook(func(*simulator.Webhook) {}), want: webhook.StepNone},
		"disabled":           {have: hook(func(w *simulator.Webhook) { w.Enabled = false }), want: webhook.StepChange, writes: 1},
		"lacks an event":     {have: hook(func(w *simulator.Webhook) { w.Events = w.Events[:2] }), want: webhook.StepChange, writes: 1},
		"another address":    {have: hook(func(w *simulator.Webhook) { w.URL += "2" }), want: webhook.StepCreate, writes: 1},
		"500 and kept":       {faults: []string{"webhook-kept-500:times=2"}, want: webhook.StepCreate, writes: 1},
		"500 and not kept":   {faults: []string{"status:code=500,path=*/webhooks,nth=2,times=1"}, want: webhook.StepCreate, writes: 2},
		"the list comes not": {faults: []string{"status:code=502,path=*/webhooks,nth=1,times=1"}, want: webhook.StepCreate, writes: 1},
	} {
		// Tries that are not certain are a second apart.
		t.Run(name, func(t *testing.T) { synctest.Test(t, test.ensure) })
	}
}

// webhookTest is what an app has registered, what goes wrong, and what comes of it.
type webhookTest struct {
	have   []*simulator.Webhook
	faults []string
	want   webhook.Step
	writes int
}

func (c webhookTest) ensure(t *testing.T) {
	t.Helper()
	data := bulk(1)
	data.Apps[0].Webhooks = c.have
	r := newRig(t, data, simulator.Options{})
	r.script(t, c.faults...)
	for _, dryRun := range []bool{true, false} {
		if dryRun && c.faults != nil {
			continue
		}
		step, err := webhook.Ensure(t.Context(), r, data.Apps[0].ID, address, dryRun)
		if err != nil || step != c.want {
			t.Fatalf("dry %v: %s, %v", dryRun, step, err)
		}
		if n := r.writes(); dryRun && n > 0 || !dryRun && n != c.writes {
			t.Errorf("dry %v: %d requests that write", dryRun, n)
		}
	}
	mine := 0
	for _, w := range data.Apps[0].Webhooks {
		if w.URL == address {
			mine++
			if !w.Enabled || len(w.Events) < 4 {
				t.Errorf("%+v", w)
			}
		}
	}
	if mine != 1 {
		t.Errorf("registered %d times", mine)
	}
	step, err := webhook.Remove(t.Context(), r, data.Apps[0].ID, address, false)
	if err != nil || step != webhook.StepRemove {
		t.Error(step, err)
	}
	if step, err := webhook.Remove(t.Context(), r, data.Apps[0].ID, address, false); err != nil || step != webhook.StepNone {
		t.Error(step, err)
	}
}

// Who names the server in capitals, or its port, means the same address: each event would
// come twice.
func TestWebhookInAnotherSpelling(t *testing.T) {
	t.Parallel()
	for listed, want := range map[string]webhook.Step{
		"HTTPS://Rollcall.EXAMPLE:443/webhooks/realtimekit":  webhook.StepNone,
		"https://rollcall.example:8443/webhooks/realtimekit": webhook.StepCreate,
		"https://rollcall.example/Webhooks/realtimekit":      webhook.StepCreate,
		"https://rollcall.example/webhooks/realtimekit?a":    webhook.StepCreate,
		"%": webhook.StepCreate,
	} {
		data := bulk(1)
		data.Apps[0].Webhooks = []*simulator.Webhook{{ID: "b1f2", URL: listed, Enabled: true, Events: []string{
			"meeting.started", "meeting.ended", "meeting.participantJoined", "meeting.participantLeft",
		}}}
		r := newRig(t, data, simulator.Options{})
		if step, err := webhook.Ensure(t.Context(), r, data.Apps[0].ID, address, true); err != nil || step != want {
			t.Errorf("with %s: %s, %v, want %s", listed, step, err, want)
		}
		if step, err := webhook.Remove(t.Context(), r, data.Apps[0].ID, address, true); err != nil || (step == webhook.StepRemove) != (want == webhook.StepNone) {
			t.Errorf("%s is there: %s, %v", listed, step, err)
		}
	}
}

// An address that the API says it has, and lists nowhere.
func TestWebhookElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, bulk(1), simulator.Options{})
		r.sim.Script(simulator.Fault{Path: "*/webhooks", Answer: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.Method == http.MethodPost {
				simulator.KitError(http.StatusConflict, "Webhook already exists")(w, r, next)
				return
			}
			next.ServeHTTP(w, r)
		}})
		_, err := webhook.Ensure(t.Context(), r, r.data.Apps[0].ID, address, false)
		if !errors.Is(err, model.ErrUncertain) || !strings.Contains(err.Error(), "POST /") || !strings.Contains(err.Error(), "409") {
			t.Error(err)
		}
	})
}

func TestWebhookRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, bulk(1), simulator.Options{})
	r.script(t, "bad-token")
	if _, err := webhook.Ensure(t.Context(), r, r.data.Apps[0].ID, address, false); !errors.Is(err, model.ErrDenied) {
		t.Error(err)
	}
	for _, text := range []string{"", "example.org", "http://example.org/x", "ftp://localhost/", "https://u:p@example.org/", "https://example.org/#x"} {
		if err := webhook.CheckURL(text); !errors.Is(err, model.ErrUsage) || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func (r rig) script(t *testing.T, specs ...string) {
	t.Helper()
	var faults []simulator.Fault
	for _, spec := range specs {
		fault, err := simulator.ParseFault(spec)
		if err != nil {
			t.Fatal(err)
		}
		faults = append(faults, fault)
	}
	r.sim.Script(faults...)
}

// writes counts the requests that were not GET.
func (r rig) writes() (n int) {
	for _, request := range r.sim.Requests() {
		if request.Method != http.MethodGet {
			n++
		}
	}
	return n
}

// Who registers an address that the API refuses is told what to look at, and not to leave
// the app out.
func TestRefusedWebhookNamesTheAddress(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{400: "check --url", 409: "check --url", 403: "check that app app belongs to"} {
		for method, path := range map[string]string{http.MethodPost: "/app/webhooks", http.MethodPatch: "/app/webhooks/hook", http.MethodDelete: "/app/webhooks/hook"} {
			err := error(&AnswerError{Method: method, Path: path, Status: status, Message: "no"})
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "REALTIMEKIT_APP_IDS") != (status == 403) {
				t.Errorf("%d: %v", status, err)
			}
		}
	}
}
