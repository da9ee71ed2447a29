package webhook

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	testSession = "0b8d2f0e-2f3c-4f5e-9d0a-6f1f7d5f3a11"
	testApp     = "2f1c8f4e-0a3b-4c6d-8e9f-1a2b3c4d5e6f"
)

func newKey(tb testing.TB, bits int) *rsa.PrivateKey {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// theKey signs in most tests: making one takes long.
var theKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func pemOf(tb testing.TB, public any) string {
	tb.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func sign(tb testing.TB, key *rsa.PrivateKey, body []byte) string {
	tb.Helper()
	digest := sha256.Sum256(body)
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		tb.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(signature)
}

func documentOf(tb testing.TB, key *rsa.PrivateKey) string {
	tb.Helper()
	text, err := json.Marshal(map[string]any{"success": true, "message": "", "data": map[string]string{"publicKey": pemOf(tb, &key.PublicKey)}})
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// publisher serves a document and counts how often it was asked for.
type publisher struct {
	asked  atomic.Int64
	answer atomic.Pointer[http.HandlerFunc]
	url    string
}

func (p *publisher) set(answer http.HandlerFunc) { p.answer.Store(&answer) }

func publish(tb testing.TB, answer http.HandlerFunc) *publisher {
	tb.Helper()
	p := &publisher{}
	p.set(answer)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		(*p.answer.Load())(w, r)
	}))
	tb.Cleanup(server.Close)
	p.url = server.URL + "/.well-known/webhooks.json"
	return p
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
}

// kept is an inbox that keeps what it gets.
type kept struct {
	mu      sync.Mutex
	events  []Event
	outcome Outcome
	err     error
}

func (k *kept) Receive(_ context.Context, e Event) (Outcome, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.events = append(k.events, e)
	return k.outcome, k.err
}

func (k *kept) Ready(context.Context) error { return k.err }

func newHandler(tb testing.TB, keys *Keys, inbox Inbox) *Handler {
	tb.Helper()
	return &Handler{Keys: keys, Inbox: inbox, Logger: slog.New(slog.DiscardHandler)}
}

func pinned(tb testing.TB) *Keys {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte(pemOf(tb, &theKey().PublicKey)), 0o600); err != nil {
		tb.Fatal(err)
	}
	keys, err := PinnedKey(file)
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

func ended() []byte {
	return []byte(`{"event":"meeting.ended","meeting":{"id":"room","sessionId":"` + testSession + `","title":"Biology","organizedBy":{"id":"` + strings.ToUpper(testApp) + `","name":"School"}},"reason":"ALL_PARTICIPANTS_LEFT"}`)
}

func deliver(h *Handler, method string, body []byte, headers ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, Path, bytes.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	h.Routes().ServeHTTP(rec, req)
	return rec
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	body, other := ended(), newKey(t, 2048)
	big := bytes.Repeat([]byte{' '}, mostBody+1)
	notUUID := []byte(`{"event":"meeting.ended","meeting":{"sessionId":"none"}}`)
	for _, test := range []struct {
		name    string
		method  string
		body    []byte
		headers []string
		inbox   *kept
		want    int
		outcome Outcome
		events  int
	}{
		{"accepted", "POST", body, []string{"rtk-signature", sign(t, theKey(), body)}, &kept{outcome: Accepted}, 204, Accepted, 1},
		{"the older header", "POST", body, []string{"dyte-signature", sign(t, theKey(), body)}, &kept{outcome: Accepted}, 204, Accepted, 1},
		{"foreign app", "POST", body, []string{"rtk-signature", sign(t, theKey(), body)}, &kept{outcome: Foreign}, 204, Foreign, 1},
		{"database away", "POST", body, []string{"rtk-signature", sign(t, theKey(), body)}, &kept{err: context.DeadlineExceeded}, 503, Unanswered, 1},
		{"no signature", "POST", body, nil, &kept{}, 401, Unsigned, 0},
		{"no base64", "POST", body, []string{"rtk-signature", "%%%"}, &kept{}, 401, Unsigned, 0},
		{"another key", "POST", body, []string{"rtk-signature", sign(t, other, body)}, &kept{}, 401, Unsigned, 0},
		{"another body", "POST", append(slices.Clip(body), ' '), []string{"rtk-signature", sign(t, theKey(), body)}, &kept{}, 401, Unsigned, 0},
		{"wrong newer header", "POST", body, []string{"rtk-signature", sign(t, other, body), "dyte-signature", sign(t, theKey(), body)}, &kept{}, 401, Unsigned, 0},
		{"GET", "GET", nil, nil, &kept{}, 405, Refused, 0},
		{"too large", "POST", big, []string{"rtk-signature", sign(t, theKey(), big)}, &kept{}, 413, Refused, 0},
		{"no JSON", "POST", []byte("<html>"), []string{"rtk-signature", sign(t, theKey(), []byte("<html>"))}, &kept{}, 400, Malformed, 0},
		{"no UUID", "POST", notUUID, []string{"rtk-signature", sign(t, theKey(), notUUID)}, &kept{}, 400, Malformed, 0},
		{"unknown event", "POST", []byte(`{"event":"x"}`), []string{"rtk-signature", sign(t, theKey(), []byte(`{"event":"x"}`))}, &kept{}, 204, Ignored, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var seen Outcome
			h := newHandler(t, pinned(t), test.inbox)
			h.Observe = func(_ string, o Outcome, _ time.Duration) { seen = o }
			rec := deliver(h, test.method, test.body, test.headers...)
			if rec.Code != test.want || seen != test.outcome || len(test.inbox.events) != test.events {
				t.Errorf("status %d, outcome %s, %d events handed on; want %d, %s, %d", rec.Code, seen, len(test.inbox.events), test.want, test.outcome, test.events)
			}
			if rec.Code >= 400 && strings.Count(rec.Body.String(), "\n") != 1 {
				t.Errorf("the answer is not one sentence: %q", rec.Body)
			}
		})
	}
}

// The address that was registered may have a slash too many, a proxy may add to the path or
// take from it, and somebody may have left it out: a signed event is taken in nonetheless.
func TestPaths(t *testing.T) {
	t.Parallel()
	body := ended()
	signature := sign(t, theKey(), body)
	for _, test := range []struct {
		method, path string
		signed       bool
		want         int
	}{
		{http.MethodPost, Path + "/", true, http.StatusNoContent},
		{http.MethodPost, "/" + Path, true, http.StatusNoContent},
		{http.MethodPost, "/webhooks//realtimekit", true, http.StatusNoContent},
		{http.MethodPost, "/rollcall" + Path, true, http.StatusNoContent},
		{http.MethodPost, "/x/.." + Path, true, http.StatusNoContent},
		{http.MethodPost, "/realtimekit", true, http.StatusNoContent},
		{http.MethodPost, "/", true, http.StatusNoContent},
		{http.MethodPost, "/healthz", true, http.StatusNoContent},
		{http.MethodPost, "/rollcall" + Path, false, http.StatusUnauthorized},
		{http.MethodPost, "/xmlrpc.php", false, http.StatusNotFound},
		{http.MethodGet, "/", true, http.StatusNotFound},
		{http.MethodGet, Path, true, http.StatusMethodNotAllowed},
		{http.MethodGet, "/healthz", false, http.StatusOK},
	} {
		inbox := &kept{outcome: Accepted}
		req := httptest.NewRequest(test.method, "/", bytes.NewReader(body))
		req.URL.Path = test.path
		if test.signed {
			req.Header.Set("Rtk-Signature", signature)
		}
		rec := httptest.NewRecorder()
		newHandler(t, pinned(t), inbox).Routes().ServeHTTP(rec, req)
		if rec.Code != test.want || (len(inbox.events) == 1) != (test.want == http.StatusNoContent) {
			t.Errorf("%s %s, signed %v: status %d, %d events", test.method, test.path, test.signed, rec.Code, len(inbox.events))
		}
	}
}

// Events of an app that is not known are answered, and the log tells of them, once a minute:
// the account may be the wrong one.
func TestForeignEventsAreTold(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer // the log locks it
	h := newHandler(t, pinned(t), &kept{outcome: Foreign})
	h.Logger = slog.New(slog.NewTextHandler(&said, nil))
	body := ended()
	for range 3 {
		if rec := deliver(h, http.MethodPost, body, "rtk-signature", sign(t, theKey(), body)); rec.Code != http.StatusNoContent {
			t.Errorf("status %d", rec.Code)
		}
	}
	if n := strings.Count(said.String(), testApp); n != 1 || !strings.Contains(said.String(), "level=WARN") || !strings.Contains(said.String(), "CLOUDFLARE_ACCOUNT_ID") {
		t.Errorf("the log says %d times:\n%s", n, said.String())
	}
}

// A byte order mark hides no key, in the document or in the file.
func TestKeyBehindAByteOrderMark(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func() error{
		"document": func() error { _, err := keyOf([]byte("\uFEFF" + documentOf(t, theKey()))); return err },
		"file":     func() error { _, err := parseKey("\uFEFF" + pemOf(t, &theKey().PublicKey)); return err },
	} {
		if err := read(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStopping(t *testing.T) {
	t.Parallel()
	h, body := newHandler(t, pinned(t), &kept{outcome: Accepted}), ended()
	for _, path := range []string{"/healthz", "/readyz"} {
		rec := httptest.NewRecorder()
		h.Routes().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		if rec.Code != http.StatusOK {
			t.Errorf("%s: %d before the stop", path, rec.Code)
		}
	}
	h.Stop()
	if rec := deliver(h, http.MethodPost, body, "rtk-signature", sign(t, theKey(), body)); rec.Code != 503 {
		t.Errorf("a process that stops answers %d, which is final", rec.Code)
	}
	rec := httptest.NewRecorder()
	h.Routes().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/readyz", http.NoBody))
	if rec.Code != http.StatusServiceUnavailable {
		t.Errorf("/readyz: %d while stopping", rec.Code)
	}
}

func TestNotReady(t *testing.T) {
	t.Parallel()
	keys, err := PublishedKey(publish(t, text("<html>")).url)
	if err != nil {
		t.Fatal(err)
	}
	for name, h := range map[string]*Handler{
		"database away": newHandler(t, pinned(t), &kept{err: context.DeadlineExceeded}),
		"no key":        newHandler(t, keys, &kept{}),
	} {
		rec := httptest.NewRecorder()
		h.Routes().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/readyz", http.NoBody))
		if rec.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: /readyz answers %d", name, rec.Code)
		}
	}
}

// What a document can be that holds no key: 503, never 401, which would be final.
func TestNoKeyIsNotFinal(t *testing.T) {
	t.Parallel()
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	wrapped := func(key string) string {
		quoted, _ := json.Marshal(key)
		return `{"success":true,"data":{"publicKey":` + string(quoted) + `}}`
	}
	body := ended()
	for name, answer := range map[string]http.HandlerFunc{
		"HTML":       text("<html></html>"),
		"huge":       text(strings.Repeat(" ", documentSize) + documentOf(t, theKey())),
		"slow":       func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"404":        http.NotFound,
		"redirect":   func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"no key":     text(`{"success":true,"data":{}}`),
		"null":       text(`null`),
		"another":    text(wrapped(pemOf(t, &elliptical.PublicKey))),
		"short":      text(wrapped(pemOf(t, &newKey(t, 1024).PublicKey))),
		"not a PEM":  text(wrapped("-----BEGIN")),
		"not a SPKI": text(wrapped("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys, err := PublishedKey(publish(t, answer).url)
			if err != nil {
				t.Fatal(err)
			}
			if rec := deliver(newHandler(t, keys, &kept{}), http.MethodPost, body, "rtk-signature", sign(t, theKey(), body)); rec.Code != 503 {
				t.Errorf("status %d", rec.Code)
			}
		})
	}
}

// The vendor changes its key: the document is asked once for all who come meanwhile,
// and strangers cannot make it be asked more often.
func TestKeyChanges(t *testing.T) {
	t.Parallel()
	p := publish(t, text(documentOf(t, theKey())))
	keys, err := PublishedKey(p.url)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	keys.now = func() time.Time { return now }
	h, body, next := newHandler(t, keys, &kept{outcome: Accepted}), ended(), newKey(t, 2048)
	status := func(key *rsa.PrivateKey, want int, asked int64) {
		t.Helper()
		if rec := deliver(h, http.MethodPost, body, "rtk-signature", sign(t, key, body)); rec.Code != want || p.asked.Load() != asked {
			t.Fatalf("status %d and %d requests for the document, want %d and %d", rec.Code, p.asked.Load(), want, asked)
		}
	}
	status(theKey(), 204, 1)
	for range 5 {
		status(next, 401, 2) // the document was read a moment ago, and once more
	}
	now = now.Add(keyPause)
	status(next, 401, 3)
	status(next, 401, 4)
	changed := text(documentOf(t, next))
	p.set(changed)
	status(next, 401, 4)
	now = now.Add(keyPause)
	status(next, 204, 5)
	for range 5 {
		status(theKey(), 401, 6)
	}
	gone := http.NotFound
	p.set(gone)
	now = now.Add(keyAge)
	status(next, 204, 7)     // an old key is better than none
	status(theKey(), 503, 7) // and refuses nobody for good
	now = now.Add(keyRetry)
	status(theKey(), 503, 8)
}

// The key changes within a minute of the last look: the first event that is signed with the
// new one would be refused for good.
func TestKeyChangesAfterALook(t *testing.T) {
	t.Parallel()
	p := publish(t, text(documentOf(t, theKey())))
	keys, err := PublishedKey(p.url)
	if err != nil {
		t.Fatal(err)
	}
	h, body, next := newHandler(t, keys, &kept{outcome: Accepted}), ended(), newKey(t, 2048)
	for _, key := range []*rsa.PrivateKey{theKey(), next} {
		p.set(text(documentOf(t, key)))
		if rec := deliver(h, http.MethodPost, body, "rtk-signature", sign(t, key, body)); rec.Code != http.StatusNoContent {
			t.Errorf("the event is answered with %d", rec.Code)
		}
	}
}

func TestOnceForAll(t *testing.T) {
	t.Parallel()
	p := publish(t, text(documentOf(t, theKey())))
	keys, err := PublishedKey(p.url)
	if err != nil {
		t.Fatal(err)
	}
	h, body := newHandler(t, keys, &kept{outcome: Accepted}), ended()
	signature := sign(t, theKey(), body)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if rec := deliver(h, http.MethodPost, body, "rtk-signature", signature); rec.Code != 204 {
				t.Errorf("status %d", rec.Code)
			}
		})
	}
	all.Wait()
	if p.asked.Load() != 1 {
		t.Errorf("the document was asked for %d times", p.asked.Load())
	}
}

func TestConfiguredKeys(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://example.com/key", "ftp://localhost/x", "https://", "https://user:secret@example.com/", "://"} {
		if _, err := PublishedKey(address); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := PublishedKey(""); err != nil {
		t.Error(err)
	}
	folder := t.TempDir()
	private := filepath.Join(folder, "private.pem")
	der := x509.MarshalPKCS1PrivateKey(theKey())
	if err := os.WriteFile(private, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{private, folder, filepath.Join(folder, "absent")} {
		if _, err := PinnedKey(file); err == nil {
			t.Errorf("%s is taken for a public key", file)
		}
	}
	// The vendor's own sample has the newlines as two characters.
	if _, err := parseKey(strings.ReplaceAll(pemOf(t, &theKey().PublicKey), "\n", `\n`)); err != nil {
		t.Error(err)
	}
}
