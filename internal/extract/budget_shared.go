package extract

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// BudgetStore keeps the state of a budget where all processes that share it find
// it.
type BudgetStore interface {
	// ExchangeBudget lets change replace the text kept under key, nil or {} at first,
	// while nobody else can, and tells it the time of a clock that all share.
	// change may be called again if the exchange could not be made.
	ExchangeBudget(ctx context.Context, key string, change func(old []byte, now time.Time) (changed []byte)) error
}

// stateKeeper lets one change at a time be made to a state.
type stateKeeper interface {
	update(ctx context.Context, change func(s *budgetState, now time.Time)) error
}

// ownState is the state of one process.
type ownState struct {
	mu    sync.Mutex
	state budgetState
}

func (o *ownState) update(_ context.Context, change func(*budgetState, time.Time)) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(&o.state, time.Now())
	return nil
}

// sharedState is a state that lives in a store. Changes that come up while an
// exchange is under way go together into the next one, so that a fast sender
// costs no more exchanges than the store can take.
type sharedState struct {
	store BudgetStore
	key   string
	turn  chan struct{} // holds one token while an exchange is under way

	mu   sync.Mutex
	next *exchange
}

// exchange is one visit to the store.
type exchange struct {
	changes []func(*budgetState, time.Time)
	done    chan struct{}
	err     error
}

// exchangeTimeout bounds a visit to the store. It does not end with the context
// of one of its senders, since others wait for it too.
const exchangeTimeout = 30 * time.Second

func (k *sharedState) update(ctx context.Context, change func(*budgetState, time.Time)) error {
	k.mu.Lock()
	e := k.next
	first := e == nil
	if first {
		e = &exchange{done: make(chan struct{})}
		k.next = e
	}
	e.changes = append(e.changes, change)
	k.mu.Unlock()
	if first {
		k.turn <- struct{}{}
		k.mu.Lock()
		k.next = nil
		k.mu.Unlock()
		e.err = k.visit(ctx, e.changes)
		<-k.turn
		close(e.done)
	}
	<-e.done
	return e.err
}

// visit makes the changes. A text that cannot be read, such as that of another
// version, is forgotten: the next answer tells anew what is left.
func (k *sharedState) visit(ctx context.Context, changes []func(*budgetState, time.Time)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), exchangeTimeout)
	defer cancel()
	var failure error
	err := k.store.ExchangeBudget(ctx, k.key, func(old []byte, now time.Time) []byte {
		var s budgetState
		if json.Unmarshal(old, &s) != nil {
			s = budgetState{}
		}
		for _, change := range changes {
			change(&s, now)
		}
		text, err := json.Marshal(&s)
		failure = err
		return text
	})
	if err == nil {
		err = failure
	}
	if err != nil {
		return fmt.Errorf("wait for the next request: %w", err)
	}
	return nil
}
