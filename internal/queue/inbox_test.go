package queue

import (
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/webhook"
)

// Of the wishes for one session the sooner counts, and that it has ended whoever said so.
func TestTwoWishesAreOne(t *testing.T) {
	t.Parallel()
	id := model.UUID{1}
	left, ended := ask{sessionID: id, in: debounce}, ask{sessionID: id, ended: true}
	for name, got := range map[string]ask{"first": both(ask{}, ended), "left, ended": both(left, ended), "ended, left": both(ended, left)} {
		if got != ended {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := both(ask{}, left); got != left {
		t.Errorf("left alone: %+v", got)
	}
}

// An event that comes often while a transaction is under way is kept once, with how often.
func TestEventsOfABatchAreCounted(t *testing.T) {
	t.Parallel()
	i := NewInbox(nil)
	i.next = &batch{events: map[eventKey]received{}}
	e := webhook.Event{Name: webhook.MeetingEnded, SessionID: model.UUID{1}, WebhookID: "w"}
	key := eventKey{e.SessionID, e.Name, e.AppID}
	for range 3 {
		if b := i.join(t.Context(), key, e); b != i.next {
			t.Fatal("the event begins a batch of its own")
		}
	}
	if got := i.next.events[key]; got.times != 3 || got.webhookID != "w" {
		t.Errorf("%+v", got)
	}
}

// What is asked of a session by an event, and how long it may take.
func TestWish(t *testing.T) {
	t.Parallel()
	for _, name := range webhook.Names() {
		in, ended, ok := wish(name)
		if isEnd := name == webhook.MeetingEnded; ended != isEnd || isEnd && in != 0 || in > 5*time.Second || isEnd && !ok {
			t.Errorf("%s: in %s, ended %v, wished %v", name, in, ended, ok)
		}
	}
}
