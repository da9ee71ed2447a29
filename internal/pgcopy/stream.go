package pgcopy

import "io"

// stream is an io.Reader of a whole COPY.
type stream struct {
	next    func(*Encoder) bool
	ended   bool
	pending []byte // to be read before anything else
	scratch Encoder
}

// Stream gives a whole COPY, row by row: next writes one, or says that there is none.
func Stream(next func(*Encoder) bool) io.Reader {
	return &stream{next: next, pending: []byte(Header)}
}

// Read fills p as far as there are rows, since each call becomes one message.
func (s *stream) Read(p []byte) (int, error) {
	filled := 0
	for filled < len(p) {
		if len(s.pending) == 0 && !s.advance() {
			if filled == 0 {
				return 0, io.EOF
			}
			break
		}
		n := copy(p[filled:], s.pending)
		s.pending, filled = s.pending[n:], filled+n
	}
	return filled, nil
}

func (s *stream) advance() bool {
	s.scratch = s.scratch[:0]
	switch {
	case s.ended:
		return false
	case s.next(&s.scratch):
		s.pending = s.scratch
	default:
		s.ended, s.pending = true, []byte(Trailer)
	}
	return true
}
