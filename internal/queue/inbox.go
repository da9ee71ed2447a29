package queue

import (
	"context"
	_ "embed"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
	"github.com/rollcall-etl/rollcall/internal/webhook"
)

//go:embed sql/receive.sql
var receiveSQL string

// Inbox takes webhooks in for some accounts. Those that come while one transaction is
// under way go together into the next, so that a burst costs few commits. Safe for
// concurrent use.
type Inbox struct {
	queue    *Queue
	accounts []string
	turn     chan struct{} // holds one token while a transaction is under way

	mu   sync.Mutex
	next *batch
}

// batch is the events of one transaction.
type batch struct {
	events   map[eventKey]received
	outcomes map[eventKey]webhook.Outcome
	done     chan struct{}
	err      error
}

type eventKey struct {
	session     model.UUID
	name, appID string
}

type received struct {
	webhookID string
	digest    []byte
	times     int64
}

// NewInbox gives an inbox for the events of apps of these accounts.
func NewInbox(q *Queue, accounts ...string) *Inbox {
	return &Inbox{queue: q, accounts: accounts, turn: make(chan struct{}, 1)}
}

// Ready implements webhook.Inbox.
func (i *Inbox) Ready(ctx context.Context) error {
	if err := postgres.CheckSchema(ctx, i.queue.pool); err != nil {
		return err
	}
	return postgres.CheckWrites(ctx, i.queue.pool)
}

// Receive implements webhook.Inbox.
func (i *Inbox) Receive(ctx context.Context, e webhook.Event) (webhook.Outcome, error) {
	key := eventKey{e.SessionID, e.Name, e.AppID}
	b := i.join(ctx, key, e)
	select {
	case <-b.done:
		return b.outcomes[key], b.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// join adds an event to the batch that comes next, which the first one sends.
func (i *Inbox) join(ctx context.Context, key eventKey, e webhook.Event) *batch {
	i.mu.Lock()
	defer i.mu.Unlock()
	b := i.next
	if b == nil {
		b = &batch{events: map[eventKey]received{}, done: make(chan struct{})}
		i.next = b
		go i.send(context.WithoutCancel(ctx), b)
	}
	b.events[key] = received{e.WebhookID, e.Digest[:], b.events[key].times + 1}
	return b
}

// commitTime bounds a transaction: the vendor waits three seconds at most.
const commitTime = 2500 * time.Millisecond

// send commits a batch once the one before is committed.
func (i *Inbox) send(ctx context.Context, b *batch) {
	i.turn <- struct{}{}
	i.mu.Lock()
	i.next = nil
	i.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, commitTime)
	defer cancel()
	b.err = warehouse.Failed("note webhooks", warehouse.Again(ctx, func(ctx context.Context) error {
		return warehouse.Begin(ctx, i.queue.pool, func(tx pgx.Tx) error { return i.note(ctx, tx, b) })
	}))
	<-i.turn
	close(b.done)
}

// note keeps what events tell, and asks for their sessions. Those of apps that are not
// ours are not kept.
func (i *Inbox) note(ctx context.Context, tx pgx.Tx, b *batch) error {
	var ids [][16]byte
	var names, apps []string
	var webhooks []pgtype.Text
	var digests [][]byte
	var times []int64
	b.outcomes = make(map[eventKey]webhook.Outcome, len(b.events))
	for key, r := range b.events {
		ids, names, apps = append(ids, key.session), append(names, key.name), append(apps, key.appID)
		webhooks, digests, times = append(webhooks, warehouse.Text(r.webhookID)), append(digests, r.digest), append(times, r.times)
		b.outcomes[key] = webhook.Foreign
	}
	rows, err := tx.Query(ctx, receiveSQL, ids, names, apps, webhooks, digests, times, i.accounts)
	if err != nil {
		return err
	}
	wishes := map[model.UUID]ask{}
	var key eventKey
	var a ask
	_, err = pgx.ForEachRow(rows, []any{(*[16]byte)(&key.session), &key.name, &key.appID, &a.accountID, &a.appID}, func() error {
		b.outcomes[key] = webhook.Noted
		if in, ended, ok := wish(key.name); ok {
			b.outcomes[key] = webhook.Accepted
			a.sessionID, a.in, a.ended = key.session, in, ended
			wishes[key.session] = both(wishes[key.session], a)
		}
		return nil
	})
	if err != nil || len(wishes) == 0 {
		return err
	}
	all := make([]ask, 0, len(wishes))
	for _, a := range wishes {
		all = append(all, a)
	}
	return i.queue.ask(ctx, tx, all, priorityAsked, 0)
}

// debounce is how long a session is left alone after somebody came or went, so that a
// class that leaves is one reading.
const debounce = 2 * time.Second

// wish tells when an event lets its session be read; ok is false where it does not.
func wish(name string) (in time.Duration, ended, ok bool) {
	switch name {
	case webhook.MeetingEnded:
		return 0, true, true
	case webhook.MeetingStarted, webhook.ParticipantJoined, webhook.ParticipantLeft:
		return debounce, false, true
	}
	return 0, false, false
}

// both makes one wish of two for a session; the first may be none.
func both(a, b ask) ask {
	if a.sessionID.IsZero() {
		return b
	}
	b.ended, b.in = a.ended || b.ended, min(a.in, b.in)
	return b
}

var _ webhook.Inbox = (*Inbox)(nil)
