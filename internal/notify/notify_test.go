package notify_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/notify"
	"github.com/rollcall-etl/rollcall/internal/secret"
)

const canary = "notify-secret"

func newSender(t *testing.T, address string) *notify.Sender {
	t.Helper()
	s, err := notify.New(secret.New(address))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What is sent arrives, by HTTP, in the form of the service.
func TestSend(t *testing.T) {
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		body = r.URL.Path + " " + string(text)
	}))
	t.Cleanup(server.Close)
	if err := newSender(t, "generic+"+server.URL+"/"+canary+"?template=json").Send("Rollcall", "first\nsecond"); err != nil {
		t.Fatal(err)
	}
	if want := `/` + canary + ` {"message":"first\nsecond","title":"Rollcall"}`; body != want {
		t.Errorf("the service got %s, want %s", body, want)
	}
}

// What cannot be sent is an error that says why and not where to.
func TestFailuresDoNotTellTheAddress(t *testing.T) {
	t.Parallel()
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the server would not see the client go
		<-r.Context().Done()
	}))
	refuses := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(func() { hangs.CloseClientConnections(); hangs.Close(); refuses.Close() })
	for name, c := range map[string]struct{ address, want string }{
		"nobody there": {"generic+http://127.0.0.1:1/" + canary, "cannot be reached"},
		"mail":         {"smtp://user:" + canary + "@127.0.0.1:1/?from=a@example.org&to=b@example.org", "cannot be reached"},
		"refused":      {"generic+" + refuses.URL + "/" + canary, "did not take the message"},
		"no answer":    {"generic+" + hangs.URL + "/" + canary, "no answer within 2s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			s := newSender(t, c.address)
			s.Patience(2 * time.Second)
			err := s.Send("t", "m")
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("the error is %v, want %s", err, c.want)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// An address that is none is refused and not repeated.
func TestAddress(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		canary, "https://hooks.example/" + canary, "slack://" + canary, "nosuch://" + canary, "smtp://" + canary + "@host", "logger://" + canary,
		"generic://%zz" + canary, "slack+https://" + canary, "discord://" + canary,
	} {
		s, err := notify.New(secret.New(bad))
		if s != nil || !errors.Is(err, model.ErrUsage) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	s, err := notify.New(secret.Text{})
	if s != nil || err != nil || s.Send("t", "m") != nil {
		t.Errorf("no address: %v, %v", s, err)
	}
}
