package simulator

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// smallestGzip is the size in bytes from which a body is worth compressing.
const smallestGzip = 512

// zipper is a gzip writer together with the buffer that it writes to.
type zipper struct {
	*gzip.Writer
	out bytes.Buffer
}

func newZipper() *zipper {
	z := &zipper{}
	z.Writer, _ = gzip.NewWriterLevel(&z.out, gzip.BestSpeed) // the level is valid
	return z
}

// zip compresses body. The result is valid until the next call.
func (z *zipper) zip(body []byte) []byte {
	z.out.Reset()
	z.Reset(&z.out)
	_, _ = z.Write(body) // a bytes.Buffer takes everything
	_ = z.Close()
	return z.out.Bytes()
}

// writeJSON sends a whole body, compressed where the client accepts that.
func (s *Server) writeJSON(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Vary", "Accept-Encoding")
	if len(body) >= smallestGzip && acceptsGzip(r) {
		z, _ := s.zippers.Get().(*zipper)
		defer s.zippers.Put(z)
		body = z.zip(body)
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // G705: JSON, never HTML; and a client that went away is no concern of ours
}

// acceptsGzip tells whether Accept-Encoding lists gzip with a weight above 0.
func acceptsGzip(r *http.Request) bool {
	for item := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(item), ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		q, found := strings.CutPrefix(strings.TrimSpace(weight), "q=")
		v, err := strconv.ParseFloat(q, 64)
		return !found || err == nil && v > 0
	}
	return false
}
