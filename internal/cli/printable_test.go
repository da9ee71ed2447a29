package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// hostile holds what a terminal would obey: an escape sequence to clear the
// screen and one to set the title, the same in C1 controls, a bell, a change of
// the direction of writing, marks that take no room, a hidden tag, separators.
const hostile = "Eve\x1b[2J\x1b]0;owned\x07\u009b31m\u202egpj.exe\u2066\u200b\ufeff\u061c\u2028\U000e0041\x7f\r\n\t"

// innocent names must come through as they are.
var innocent = []string{"Çelik Dvořák", "Łukasz", "نیم\u200cفاصله", "क्\u200dष", "👩\u200d🏫 Mia", "李雷", "O'Neill \"Jr\""}

// dangerous gives the characters of an output that a terminal would obey. The
// line feed that ends a line is one too many only in the middle of a record,
// which is for the caller to see.
func dangerous(out string) (found []rune) {
	for _, r := range out {
		if r != '\n' && (unicode.IsControl(r) || r != '\u200c' && r != '\u200d' && unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
			found = append(found, r)
		}
	}
	return found
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	got := oneLine(hostile + "\xff\xfe")
	if bad := dangerous(got); len(bad) > 0 || strings.Contains(got, "\n") || !strings.HasPrefix(got, "Eve\ufffd[2J") {
		t.Errorf("%q holds %q", got, bad)
	}
	for _, name := range innocent {
		if got := oneLine(name); got != name {
			t.Errorf("%q became %q", name, got)
		}
	}
}

func TestPlainJSONMeansTheSame(t *testing.T) {
	t.Parallel()
	in := map[string]any{hostile: append([]string{hostile, "plain"}, innocent...)}
	var plain, raw bytes.Buffer
	encoder := json.NewEncoder(plainJSON{&plain})
	encoder.SetIndent("", "  ")
	if err := errors.Join(encoder.Encode(in), json.NewEncoder(&raw).Encode(in)); err != nil {
		t.Fatal(err)
	}
	if len(dangerous(raw.String())) == 0 {
		t.Error("the encoder does all by itself, so the test shows nothing")
	}
	if bad := dangerous(plain.String()); len(bad) > 0 {
		t.Errorf("%q is left in %s", bad, &plain)
	}
	var a, b any
	if err := errors.Join(json.Unmarshal(plain.Bytes(), &a), json.Unmarshal(raw.Bytes(), &b)); err != nil {
		t.Fatal(err)
	}
	var x, y bytes.Buffer
	if err := errors.Join(json.NewEncoder(&x).Encode(a), json.NewEncoder(&y).Encode(b)); err != nil || x.String() != y.String() {
		t.Errorf("%s is not %s: %v", &x, &y, err)
	}
}

func TestLogsAreSafeToLookAt(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		var out bytes.Buffer
		log, err := logFlags{Format: format, Level: "debug"}.logger(&out)
		if err != nil {
			t.Fatal(err)
		}
		log.Warn("m", "text", hostile, "error", errors.New(hostile), slog.Group("g", "inner", hostile), "any", struct{ Name string }{hostile}, hostile, 1) //nolint:sloglint // the key is what is tried
		if bad := dangerous(out.String()); len(bad) > 0 || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: %q in %s", format, bad, &out)
		}
	}
}

// Names and messages as hostile as can be, from the API, through every command
// that shows them, to the screen.
func TestHostileNamesEndToEnd(t *testing.T) {
	data := simulator.Demo(1, time.Now().UTC().Truncate(time.Hour))
	for i := range data.Apps {
		data.Apps[i].Name += hostile
	}
	quoted, err := json.Marshal(hostile)
	if err != nil {
		t.Fatal(err)
	}
	for n, s := range data.AllSessions() {
		s.MeetingTitle = hostile + s.MeetingTitle
		for _, p := range s.Participants {
			p.DisplayName, p.PresetName, p.CustomParticipantID = hostile+p.DisplayName, hostile, hostile
		}
		switch {
		case n == 0: // a status of their own
			s.Extra = simulator.Extra{"status": quoted}
		case n < 4 && len(s.Participants) > 0: // a record that is set aside
			s.Participants[0].Extra = simulator.Extra{"joined_at": quoted, hostile: quoted}
		}
	}
	sim := simulator.New(data, simulator.Options{Token: "canary-token"})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"DATABASE_URL": pgtest.New(t), "CLOUDFLARE_BASE_URL": server.URL + "/client/v4", "CLOUDFLARE_ACCOUNT_ID": data.AccountID,
		"CLOUDFLARE_API_TOKEN": "canary-token", "ROLLCALL_REQUESTS_PER_SECOND": "1000", "ROLLCALL_RETRY_FOR": "0s",
	} {
		t.Setenv(name, value)
	}
	t.Chdir(t.TempDir())
	program := func(want int, args ...string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if got := run(t.Context(), args, &stdout, &stderr); got != want {
			t.Errorf("%v ends with %d, want %d:\n%s", args, got, want, &stderr)
		}
		for from, out := range map[string]*bytes.Buffer{"stdout": &stdout, "stderr": &stderr} {
			if bad := dangerous(out.String()); len(bad) > 0 {
				t.Errorf("%v: %q in %s", args, bad, from)
			}
		}
		return stdout.String() + stderr.String()
	}
	program(0, "migrate", "up")
	seen := program(0, "backfill", "--from", "2020-01-01", "--dry-run")
	seen += program(3, "run", "--log-format", "text", "--log-level", "debug")
	sim.Script(simulator.Fault{Path: "*/participants", Nth: 1, Answer: simulator.KitError(404, hostile)}, simulator.Fault{Path: "*/participants", Nth: 2, Answer: simulator.KitError(500, hostile)})
	seen += program(3, "backfill", "--from", "2020-01-01", "--full", "--log-format", "json")
	sim.Script()
	seen += program(0, "status") + program(0, "status", "--json")
	seen += program(0, "rejects", "list", "--raw") + program(0, "rejects", "list", "--raw", "--json")
	seen += program(3, "rejects", "retry")
	sim.Script(simulator.Fault{Answer: simulator.KitError(403, hostile)})
	seen += program(1, "run") + program(0, "status")
	if n := strings.Count(seen, "Eve"); n < 20 {
		t.Errorf("the name was shown %d times only, so the test shows little", n)
	}
}
