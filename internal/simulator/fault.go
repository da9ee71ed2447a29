package simulator

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Fault is one misbehaviour: which requests it strikes, and what it does.
//
// Matching requests are counted from 1. Nth alone strikes only that one; Every
// alone each k-th; both together the Nth and each k-th after it; neither all of
// them. Times bounds how often the fault strikes.
//
// Of several faults that strike one request all run their Do and their Delay,
// in the order of the script; the first that has an Answer gives the answer.
type Fault struct {
	Name string // key of Stats.ByFault

	// Path is a pattern for the whole request path, in which * stands for any
	// text, slashes too: "*/participants". With a question mark it is matched
	// against path?query: "*/participants?*page_no=2*". Empty matches all.
	Path  string
	Nth   int // 0 is unset
	Every int // 0 is unset
	Times int // 0 is without bound

	Do     func(*Data)   // changes the data before the answer; nil changes nothing
	Delay  time.Duration // waits before the answer, at most until the client goes
	Answer Answer        // takes the place of the answer; nil lets the normal one through
}

// Answer writes an answer in place of the normal one, which next would write.
type Answer func(w http.ResponseWriter, r *http.Request, next http.Handler)

// matches tells whether the fault is about this request at all.
func (f *Fault) matches(r *http.Request) bool {
	if f.Path == "" {
		return true
	}
	text := r.URL.Path
	if strings.Contains(f.Path, "?") {
		text += "?" + r.URL.RawQuery
	}
	return glob(f.Path, text)
}

// strikes tells whether the n-th match is struck, after fired strikes.
func (f *Fault) strikes(n, fired int) bool {
	if f.Times > 0 && fired >= f.Times {
		return false
	}
	switch {
	case f.Every > 0:
		first := f.Nth
		if first <= 0 {
			first = f.Every
		}
		return n >= first && (n-first)%f.Every == 0
	case f.Nth > 0:
		return n == f.Nth
	}
	return true
}

// glob matches text against a pattern whose * stands for any text.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	rest, found := strings.CutPrefix(text, parts[0])
	if !found {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// script is the faults with their counts.
type script struct {
	mu     sync.Mutex
	faults []scripted
}

type scripted struct {
	Fault
	matched, fired int
}

func (s *script) set(faults []Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = make([]scripted, len(faults))
	for i, f := range faults {
		s.faults[i].Fault = f
	}
}

// striking counts the request and returns the faults that strike it.
func (s *script) striking(r *http.Request) []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var hit []Fault
	for i := range s.faults {
		f := &s.faults[i]
		if !f.matches(r) {
			continue
		}
		f.matched++
		if f.strikes(f.matched, f.fired) {
			f.fired++
			hit = append(hit, f.Fault)
		}
	}
	return hit
}

// play runs the faults that strike the request and then answers it.
func (s *Server) play(w http.ResponseWriter, r *http.Request, normal http.Handler) {
	var answer Answer
	for _, f := range s.script.striking(r) {
		s.log.struck(f.Name)
		if f.Do != nil {
			s.Update(f.Do)
		}
		if f.Delay > 0 && wait(r.Context(), f.Delay) != nil {
			return
		}
		if answer == nil {
			answer = f.Answer
		}
	}
	if answer == nil {
		normal.ServeHTTP(w, r)
		return
	}
	answer(w, r, normal)
}

// wait returns after d, or with the context's error as soon as that ends.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
