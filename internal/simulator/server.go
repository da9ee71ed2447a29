package simulator

import (
	"crypto/rsa"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Server answers as the RealtimeKit API would. It is an http.Handler, safe for
// concurrent use.
type Server struct {
	token   string
	now     func() time.Time
	meter   *meter
	own     *meter // of the list of recordings
	log     *observer
	buffers sync.Pool // *[]byte, the bodies of answers
	zippers sync.Pool // *zipper

	dateAhead atomic.Int64 // of the Date of answers, nanoseconds

	mu      sync.RWMutex // guards what follows
	data    *Data
	index   index
	dialect Dialect

	script script

	webhooksMade uint64 // guarded by mu; their ids follow from it

	keyLock sync.Mutex
	key     *rsa.PrivateKey // signs webhooks; nil until it is needed
}

// New returns a server for the data, which belongs to the server from now on:
// see [Server.Update] and [Server.View]. A nil data is an empty account.
func New(data *Data, opts Options) *Server {
	if data == nil {
		data = &Data{}
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Server{
		token:   opts.Token,
		now:     opts.Now,
		meter:   newMeter(opts.Quota, opts.Now),
		own:     newMeter(opts.RecordingsQuota, opts.Now),
		log:     newObserver(),
		data:    data,
		index:   newIndex(data),
		dialect: opts.Dialect,
	}
	s.buffers.New = func() any { return new([]byte) }
	s.zippers.New = func() any { return newZipper() }
	s.script.set(opts.Script)
	return s
}

// Update changes the data while nothing is being answered.
func (s *Server) Update(change func(*Data)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.data)
	s.index = newIndex(s.data)
}

// View reads the data while nothing changes it. The callback must not keep it.
func (s *Server) View(read func(*Data)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	read(s.data)
}

// SetDialect changes the dialect from the next request on.
func (s *Server) SetDialect(d Dialect) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dialect = d
}

// Script replaces the fault script; without faults the server behaves again.
// The counts of matches start anew.
func (s *Server) Script(faults ...Fault) { s.script.set(faults) }

// SetDate makes the Date of each answer wrong by a duration, from the next request on.
func (s *Server) SetDate(ahead time.Duration) { s.dateAhead.Store(int64(ahead)) }

// Spend takes n calls out of the quota, as another job with the same token
// would.
func (s *Server) Spend(n int) { s.meter.take(n) }

// ServeHTTP answers one request: the quota comes first, then the fault script,
// then the API itself.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rt := parseRoute(r)
	if ahead := time.Duration(s.dateAhead.Load()); ahead != 0 {
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
	}
	ow := s.log.begin(w, RequestRecord{
		Time: s.now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery,
	}, rt.name)
	if rt.name != RouteKey { // that is another host's
		if s.refused(ow, r, s.meter) || rt.name == RouteRecordings && s.refused(ow, r, s.own) {
			return
		}
	}
	normal := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, rt) })
	s.play(ow, r, normal)
}

// refused counts a call against a quota, and answers where that is exceeded.
func (s *Server) refused(w http.ResponseWriter, r *http.Request, m *meter) bool {
	verdict := m.take(1)
	verdict.headers(w.Header())
	if verdict.refused {
		s.log.refused()
		s.write(w, r, m.refusal())
	}
	return verdict.refused
}

// answer is the API without faults. Everything is rendered before the lock is
// released, so one answer never mixes two states of the data.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, rt route) {
	switch {
	case rt.name == RouteKey:
		s.writeJSON(w, r, http.StatusOK, s.keyDocument())
		return
	case isWebhooks(rt):
		status, body, fail := s.webhooks(r, rt)
		if fail != nil {
			s.write(w, r, fail)
			return
		}
		s.writeJSON(w, r, status, body)
		return
	}
	buf, _ := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(buf)
	body, fail := s.render((*buf)[:0], r, rt)
	if fail != nil {
		s.write(w, r, fail)
		return
	}
	*buf = body
	s.writeJSON(w, r, http.StatusOK, body)
}

func (s *Server) render(buf []byte, r *http.Request, rt route) ([]byte, *apiError) {
	switch {
	case rt.name == RouteUnknown:
		return nil, noRoute()
	case r.Method != http.MethodGet:
		return nil, notAllowed()
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if fail := s.authorize(r, rt); fail != nil {
		return nil, fail
	}
	c := &call{
		buf:     buf,
		route:   rt,
		data:    s.data,
		index:   s.index,
		dialect: &s.dialect,
		query:   query{values: r.URL.Query()},
		now:     s.now(),
	}
	return c.handle()
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, fail *apiError) {
	if fail.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodGet)
	}
	s.writeJSON(w, r, fail.status, fail.render())
}
