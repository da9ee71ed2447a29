package simulator

import (
	"net"
	"net/http"
	"time"
)

// Truncated sends the first half of the normal body under its full
// Content-Length, then drops the connection.
func Truncated() Answer {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next) // sets the full Content-Length
		w.WriteHeader(c.status)
		_, _ = w.Write(c.body.Bytes()[:c.body.Len()/2])
	}
}

// CutGzip sends the normal body as a gzip stream that ends half way, inside a
// well-formed HTTP message.
func CutGzip() Answer {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next)
		z := newZipper()
		packed := z.zip(c.body.Bytes())
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Del("Content-Length")
		w.WriteHeader(c.status)
		_, _ = w.Write(packed[:len(packed)/2])
	}
}

// ConnectionReset drops the connection without an answer (TCP RST).
func ConnectionReset() Answer {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler) // net/http's own way to drop a connection that cannot be hijacked
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // else it is a FIN
		}
		_ = conn.Close()
	}
}

// Drip sends the normal body chunk bytes at a time, with a pause after each.
func Drip(chunk int, pause time.Duration) Answer {
	chunk = max(chunk, 1)
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next)
		w.WriteHeader(c.status)
		flush := http.NewResponseController(w)
		for c.body.Len() > 0 {
			if _, err := w.Write(c.body.Next(chunk)); err != nil {
				return
			}
			_ = flush.Flush()
			if wait(r.Context(), pause) != nil {
				return
			}
		}
	}
}

// Stall sends half of the normal body, is silent for d, then sends the rest.
func Stall(d time.Duration) Answer {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next)
		w.WriteHeader(c.status)
		_, _ = w.Write(c.body.Next(c.body.Len() / 2))
		_ = http.NewResponseController(w).Flush()
		if wait(r.Context(), d) == nil {
			_, _ = w.Write(c.body.Bytes())
		}
	}
}

// filler is what huge bodies consist of; JSON takes it for white space.
func filler() []byte {
	b := make([]byte, 1<<20)
	for i := range b {
		b[i] = ' '
	}
	return b
}

const (
	hugeHead = `{"success":true,"data":{"participants":[],"paging":{"total_count":0,"start_offset":0,"end_offset":0}}`
	hugeTail = `}`
)

// Huge streams a well-formed body of at least n bytes, not compressed.
func Huge(n int64) Answer {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", typeJSON)
		w.WriteHeader(http.StatusOK)
		if _, err := w.Write([]byte(hugeHead)); err != nil {
			return
		}
		left := n
		for space := filler(); left > 0; left -= int64(len(space)) {
			if _, err := w.Write(space[:min(left, int64(len(space)))]); err != nil {
				return
			}
		}
		_, _ = w.Write([]byte(hugeTail))
	}
}

// GzipBomb sends a body that unpacks to about n bytes, a thousand times what
// goes over the wire. It is compressed whether or not the client accepts that.
func GzipBomb(n int64) Answer {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		z := newZipper()
		w.Header().Set("Content-Type", typeJSON)
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(http.StatusOK)
		if _, err := w.Write(z.zip([]byte(hugeHead))); err != nil {
			return
		}
		space := filler()
		member := z.zip(space) // gzip members may follow each other
		for left := n; left > 0; left -= int64(len(space)) {
			if _, err := w.Write(member); err != nil {
				return
			}
		}
		_, _ = w.Write(z.zip([]byte(hugeTail)))
	}
}
