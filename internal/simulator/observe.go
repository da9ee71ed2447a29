package simulator

import (
	"maps"
	"net/http"
	"sync"
	"time"
)

// RequestRecord is one request as it came in. It never holds the token.
type RequestRecord struct {
	Time   time.Time
	Method string
	Path   string
	Query  string // as sent, without the question mark
	Status int    // 0 where no status was sent: a reset, or still in progress
}

// Stats are the counts since the start or the last Reset.
type Stats struct {
	Requests       int
	ByRoute        map[string]int // by the Route constants
	ByStatus       map[int]int    // only of answers whose status was sent
	ByFault        map[string]int // how often each fault struck, by its name
	RefusedByQuota int
	Bytes          int64 // bytes of bodies as sent, after compression
}

// recordsKept is how many of the last requests are remembered.
const recordsKept = 10_000

// observer keeps the counts and a ring of the last requests. A request is
// recorded when it comes in and its status before the first byte goes out, so
// that a client which has an answer finds it here.
type observer struct {
	mu    sync.Mutex
	stats Stats
	ring  []RequestRecord
	next  uint64 // number of the next request
	base  uint64 // number of the first request after the last reset
}

func newObserver() *observer {
	o := &observer{}
	o.reset()
	return o
}

func (o *observer) reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.base = o.next
	o.ring = nil
	o.stats = Stats{ByRoute: map[string]int{}, ByStatus: map[int]int{}, ByFault: map[string]int{}}
}

// begin records a request and returns a writer that reports what is answered.
func (o *observer) begin(w http.ResponseWriter, rec RequestRecord, route string) *observedWriter {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stats.Requests++
	o.stats.ByRoute[route]++
	n := o.next
	o.next++
	if len(o.ring) < recordsKept {
		o.ring = append(o.ring, rec)
	} else {
		o.ring[(n-o.base)%recordsKept] = rec
	}
	return &observedWriter{ResponseWriter: w, log: o, n: n}
}

// answered notes the status of the n-th request, unless a reset has forgotten it.
func (o *observer) answered(n uint64, status int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n < o.base {
		return
	}
	o.stats.ByStatus[status]++
	if o.next-n <= recordsKept {
		o.ring[(n-o.base)%recordsKept].Status = status
	}
}

func (o *observer) count(change func(*Stats)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(&o.stats)
}

func (o *observer) refused() { o.count(func(s *Stats) { s.RefusedByQuota++ }) }

func (o *observer) struck(fault string) { o.count(func(s *Stats) { s.ByFault[fault]++ }) }

// observedWriter reports the status and the bytes of one answer.
type observedWriter struct {
	http.ResponseWriter
	log  *observer
	n    uint64
	sent bool
}

// WriteHeader reports the first status, then sends it.
func (w *observedWriter) WriteHeader(status int) {
	if !w.sent {
		w.sent = true
		w.log.answered(w.n, status)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes before they go out.
func (w *observedWriter) Write(b []byte) (int, error) {
	if !w.sent {
		w.WriteHeader(http.StatusOK)
	}
	w.log.count(func(s *Stats) { s.Bytes += int64(len(b)) })
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController flush and hijack.
func (w *observedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Stats returns a snapshot of the counts.
func (s *Server) Stats() Stats {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	st := s.log.stats
	st.ByRoute = maps.Clone(st.ByRoute)
	st.ByStatus = maps.Clone(st.ByStatus)
	st.ByFault = maps.Clone(st.ByFault)
	return st
}

// Requests returns the last 10,000 requests, the oldest first.
func (s *Server) Requests() []RequestRecord {
	o := s.log
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.ring) < recordsKept {
		return append([]RequestRecord(nil), o.ring...)
	}
	oldest := (o.next - o.base) % recordsKept
	return append(append([]RequestRecord(nil), o.ring[oldest:]...), o.ring[:oldest]...)
}

// Reset forgets the counts and the requests. The script and the quota go on.
func (s *Server) Reset() { s.log.reset() }
