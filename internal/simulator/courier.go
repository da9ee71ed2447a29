package simulator

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rsa"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Delivery is a webhook on its way.
type Delivery struct {
	Kind      DeliveryKind
	Event     string
	SessionID string
	URL       string
	Header    http.Header
	Body      []byte
	body      members
	app       *App
}

// DeliveryKind tells what a delivery is.
type DeliveryKind string

// The kinds of deliveries.
const (
	Genuine   DeliveryKind = "genuine"
	Duplicate DeliveryKind = "duplicate" // the same again
	Forged    DeliveryKind = "forged"    // signed by a stranger
	Stray     DeliveryKind = "stray"     // of another customer's app, with a good signature
	Unheard   DeliveryKind = "unheard"   // an event of a name that nobody knows
)

// Habits are how webhooks are sent. The zero value sends each once and in order, and
// again after a 5xx or without an answer.
type Habits struct {
	Duplicate    int           // how often each is sent once more
	LoseEvery    int           // each n-th is never sent; 0 is none, as below
	ForgeEvery   int           // with each n-th comes a copy that a stranger signed
	StrayEvery   int           // with each n-th comes one of another customer
	UnheardEvery int           // with each n-th comes an unknown event
	GapEvery     int           // each n-th lacks a member, or has null there
	ReplayEvery  int           // with each n-th the first that was ever sent comes again
	Late         time.Duration // each waits up to so long
	Shuffle      bool          // the order is another
	Retries      int           // after a 5xx or no answer; 0 is 3
	Pause        time.Duration // before each of them; 0 is a second
	AtOnce       int           // deliveries in flight; 0 is 16
}

// Sent is what became of a delivery.
type Sent struct {
	Delivery
	Status int // 0 where no answer came
	Tries  int
	Took   time.Duration // of the last try
}

// Courier sends webhooks of a server. Safe for concurrent use.
type Courier struct {
	server *Server
	client *http.Client
	habits Habits

	mu    sync.Mutex
	count int
	rng   random
	first *Delivery
	alien *rsa.PrivateKey
}

// NewCourier gives a courier; the same seed has the same accidents.
func NewCourier(server *Server, client *http.Client, habits Habits, seed uint64) *Courier {
	return &Courier{server: server, client: client, habits: habits, rng: newRandom(seed)}
}

// Announce sends what happened to each webhook of its app that wants to know, and
// returns when all are answered, or were given up.
func (c *Courier) Announce(ctx context.Context, happenings ...Happening) []Sent {
	var all []Delivery
	for _, h := range happenings {
		for _, d := range c.server.deliveries(h) {
			all = append(all, c.spoil(d)...)
		}
	}
	if c.habits.Shuffle {
		c.mu.Lock()
		c.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		c.mu.Unlock()
	}
	return c.Send(ctx, all)
}

// deliveries gives what is due to the webhooks of a session's app.
func (s *Server) deliveries(h Happening) []Delivery {
	key := s.signingKey()
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []Delivery
	for i := range s.data.Apps {
		app := &s.data.Apps[i]
		session := s.index.sessions[app.ID+"/"+h.SessionID]
		if session == nil {
			continue
		}
		for _, w := range app.Webhooks {
			if w.Enabled && slices.Contains(w.Events, h.Event) {
				d := Delivery{Kind: Genuine, Event: h.Event, SessionID: h.SessionID, URL: w.URL, body: eventBody(h, app, session), app: app}
				all = append(all, d.sealed(key, w.ID))
			}
		}
	}
	return all
}

// sealed gives the delivery with its body written and signed.
func (d Delivery) sealed(key *rsa.PrivateKey, webhookID string) Delivery {
	d.Body = bodyText(d.body)
	d.Header = http.Header{
		"Content-Type": {"application/json"}, "Rtk-Signature": {signed(key, d.Body)},
		"Rtk-Webhook-Id": {webhookID}, "Rtk-Uuid": {newRandom(uint64(len(d.Body))).uuid()},
	}
	return d
}

// Send sends deliveries as they are, some at once, in their order.
func (c *Courier) Send(ctx context.Context, all []Delivery) []Sent {
	sent := make([]Sent, len(all))
	places := make(chan struct{}, cmp.Or(c.habits.AtOnce, 16))
	var group sync.WaitGroup
	for i, d := range all {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			sent[i] = c.send(ctx, d)
		})
	}
	group.Wait()
	return sent
}

// send tries until something below 500 comes, which is final.
func (c *Courier) send(ctx context.Context, d Delivery) Sent {
	s := Sent{Delivery: d}
	if c.habits.Late > 0 {
		c.mu.Lock()
		late := c.rng.between(0, c.habits.Late)
		c.mu.Unlock()
		if wait(ctx, late) != nil {
			return s
		}
	}
	for tries := 1 + cmp.Or(c.habits.Retries, 3); s.Tries < tries && ctx.Err() == nil; {
		if s.Tries > 0 {
			if wait(ctx, cmp.Or(c.habits.Pause, time.Second)) != nil {
				return s
			}
		}
		s.Tries++
		began := time.Now()
		s.Status = c.post(ctx, d)
		s.Took = time.Since(began)
		if s.Status > 0 && s.Status < 500 {
			break
		}
	}
	return s
}

// post gives the status of the answer, 0 for none within the three seconds that the
// vendor waits.
func (c *Courier) post(ctx context.Context, d Delivery) int {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return 0
	}
	req.Header = d.Header.Clone()
	resp, err := c.client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // so that the connection serves again
	return resp.StatusCode
}
