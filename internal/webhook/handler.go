package webhook

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"time"
)

// Path is where webhooks are posted to.
const Path = "/webhooks/realtimekit"

const (
	mostBody   = 1 << 20                 // bytes; the vendor's samples have less than 2 KiB
	answerTime = 2900 * time.Millisecond // the vendor waits 3 s at most
	mostAtOnce = 4096                    // deliveries in hand; more are told to come again
	smallBody  = 16 << 10
	mostLarge  = 16 // bodies in hand that are larger than that
)

// Inbox takes events. Receive returns once the event is safe wherever this process
// ends, and tells what became of it.
type Inbox interface {
	Receive(ctx context.Context, e Event) (Outcome, error)
	// Ready tells why nothing can be received, nil where it can.
	Ready(ctx context.Context) error
}

// Outcome tells what became of a delivery.
type Outcome string

// The outcomes.
const (
	Accepted   Outcome = "accepted"   // a session will be looked at
	Noted      Outcome = "noted"      // kept, and nothing follows from it
	Ignored    Outcome = "ignored"    // unknown, or about no session
	Foreign    Outcome = "foreign"    // of an app that is not ours
	Malformed  Outcome = "malformed"  // signed, and no event
	Unsigned   Outcome = "unsigned"   // no signature, or a wrong one
	Refused    Outcome = "refused"    // of the wrong method or size
	Unanswered Outcome = "unanswered" // told to come again
)

// Outcomes lists them.
func Outcomes() []Outcome {
	return []Outcome{Accepted, Noted, Ignored, Foreign, Malformed, Unsigned, Refused, Unanswered}
}

// Handler answers deliveries.
type Handler struct {
	Keys   *Keys
	Inbox  Inbox
	Logger *slog.Logger
	// Observe is told of each delivery, by several goroutines at once; nil for nobody.
	Observe func(event string, outcome Outcome, took time.Duration)
	// Metrics answers GET /metrics; nil for nobody.
	Metrics http.Handler

	stopping atomic.Bool
	foreign  atomic.Int64 // when one of an app that is not ours was last told of, in seconds
	inHand   atomic.Int64
	large    atomic.Int64
}

// Stop lets every later delivery be told to come again, and /readyz that no more
// are to be sent here.
func (h *Handler) Stop() { h.stopping.Store(true) }

// Routes gives the handler of all paths.
func (h *Handler) Routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", h.ready)
	if h.Metrics != nil {
		mux.Handle("GET /metrics", h.Metrics)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isDelivery(r) {
			h.deliver(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// isDelivery tells deliveries from all else. The path may have been registered with a slash
// too many, or a proxy may add to it or take from it: 404 and a redirect are final for the
// sender, and who signed is proved anyway.
func isDelivery(r *http.Request) bool {
	return strings.HasSuffix(path.Clean("/"+r.URL.Path), Path) ||
		r.Method == http.MethodPost && firstHeader(r.Header, signatureHeaders) != ""
}

func (h *Handler) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	err := h.Inbox.Ready(ctx)
	if err == nil {
		err = h.Keys.Ready(ctx)
	}
	switch {
	case h.stopping.Load():
		say(w, http.StatusServiceUnavailable, "stopping")
	case err != nil:
		h.Logger.WarnContext(ctx, "not ready to receive webhooks", "error", err)
		say(w, http.StatusServiceUnavailable, "not ready; the log says why")
	default:
		say(w, http.StatusOK, "ok")
	}
}

// deliver answers one delivery. What is below 500 is final for the sender, so that
// whatever may be otherwise in a moment is 503.
func (h *Handler) deliver(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	name, outcome, err := h.receive(r)
	if name == "" {
		name = unknownEvent
	}
	if h.Observe != nil {
		h.Observe(name, outcome, time.Since(began))
	}
	level := slog.LevelDebug
	if outcome == Unanswered || outcome == Malformed || outcome == Foreign && h.isNews(began) {
		level = slog.LevelWarn
	}
	h.Logger.Log(r.Context(), level, "webhook", "event", name, "outcome", string(outcome), "error", err)
	answer(w, r, outcome, err)
}

// foreignPause is how often the log tells of events that are not of our apps: whoever has an
// app can send them.
const foreignPause = time.Minute

// isNews tells whether the log has told of none such for a while.
func (h *Handler) isNews(now time.Time) bool {
	last, this := h.foreign.Load(), now.Unix()
	return this-last >= int64(foreignPause.Seconds()) && h.foreign.CompareAndSwap(last, this)
}

var (
	errBusy     = errors.New("too many deliveries at once, or stopping")
	errTooLarge = errors.New("the body is larger than 1 MiB")
	errMethod   = errors.New("only POST is answered here")
)

// receive takes a delivery in, and gives the name of its event where it is known.
func (h *Handler) receive(r *http.Request) (name string, outcome Outcome, err error) {
	defer h.inHand.Add(-1)
	switch {
	case h.inHand.Add(1) > mostAtOnce, h.stopping.Load():
		return "", Unanswered, errBusy
	case r.Method != http.MethodPost:
		return "", Refused, errMethod
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTime)
	defer cancel()
	signature, err := signatureOf(r.Header)
	if err != nil {
		return "", Unsigned, err
	}
	body, err := h.read(r.Body)
	switch {
	case errors.Is(err, errTooLarge):
		return "", Refused, err
	case err != nil:
		return "", Unanswered, err
	}
	digest := sha256.Sum256(body)
	if err := h.Keys.Verify(ctx, digest, signature); err != nil {
		if errors.Is(err, ErrSignature) {
			return "", Unsigned, err
		}
		return "", Unanswered, err
	}
	return h.take(ctx, body, digest, r.Header)
}

// read reads a body. Few of the large ones are in memory at once, since nobody has
// proved yet who sent them.
func (h *Handler) read(from io.Reader) ([]byte, error) {
	broken := errors.New("the body broke off")
	body, err := io.ReadAll(io.LimitReader(from, smallBody+1))
	if err != nil {
		return nil, broken
	}
	if len(body) <= smallBody {
		return body, nil
	}
	defer h.large.Add(-1)
	if h.large.Add(1) > mostLarge {
		return nil, errBusy
	}
	rest, err := io.ReadAll(io.LimitReader(from, mostBody+1-int64(len(body))))
	if err != nil {
		return nil, broken
	}
	if body = append(body, rest...); len(body) > mostBody {
		return nil, errTooLarge
	}
	return body, nil
}

// take hands a proven event on.
func (h *Handler) take(ctx context.Context, body []byte, digest [sha256.Size]byte, header http.Header) (name string, outcome Outcome, err error) {
	event, err := parse(body, digest, header)
	if err != nil {
		return "", Malformed, err
	}
	if event.SessionID.IsZero() {
		return event.Name, Ignored, nil
	}
	if outcome, err = h.Inbox.Receive(ctx, event); err != nil {
		return event.Name, Unanswered, err
	}
	if outcome == Foreign {
		err = fmt.Errorf("app %q is none of this account, as far as its apps were listed: check CLOUDFLARE_ACCOUNT_ID, or wait for the next list of apps", event.AppID)
	}
	return event.Name, outcome, err
}

// answer writes the status of an outcome, and a sentence that a person who tries it
// by hand can use. The reason of an Unanswered one is in the log alone.
func answer(w http.ResponseWriter, r *http.Request, outcome Outcome, err error) {
	switch outcome {
	case Unanswered:
		w.Header().Set("Retry-After", "1")
		say(w, http.StatusServiceUnavailable, "try again")
	case Unsigned:
		say(w, http.StatusUnauthorized, ErrSignature.Error())
	case Malformed:
		say(w, http.StatusBadRequest, err.Error())
	case Refused:
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			say(w, http.StatusMethodNotAllowed, errMethod.Error())
			return
		}
		say(w, http.StatusRequestEntityTooLarge, errTooLarge.Error())
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // who went away need not know
}
