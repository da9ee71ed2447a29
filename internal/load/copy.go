package load

import (
	"encoding/binary"
	"io"
	"math"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// encoder writes columns in Postgres' binary COPY format. They are encoded by
// hand because a generic encoder spends more time on a row than Postgres does.
// Source of the format: PostgreSQL manual, COPY, "Binary Format".
type encoder []byte

const (
	copyHeader  = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	copyTrailer = "\xff\xff"
)

// postgresEpoch is the zero of Postgres' binary timestamps, in microseconds of
// Unix time.
var postgresEpoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// columns writes the number of columns, with which a row begins.
func (b *encoder) columns(n uint16) { *b = binary.BigEndian.AppendUint16(*b, n) }

func (b *encoder) length(n int) {
	*b = binary.BigEndian.AppendUint32(*b, uint32(n)) //nolint:gosec // a field is part of one bounded page
}

func (b *encoder) null() { *b = append(*b, 0xff, 0xff, 0xff, 0xff) }

func (b *encoder) uuid(id model.UUID) {
	b.length(len(id))
	*b = append(*b, id[:]...)
}

// uuidOrNull writes null for the zero value.
func (b *encoder) uuidOrNull(id model.UUID) {
	if id.IsZero() {
		b.null()
		return
	}
	b.uuid(id)
}

func (b *encoder) int64(n int64) {
	b.length(8)
	*b = binary.BigEndian.AppendUint64(*b, uint64(n)) //nolint:gosec // two's complement is the wire format
}

// text writes a text, and null for none.
func (b *encoder) text(s string) {
	if s == "" {
		b.null()
		return
	}
	b.length(len(s))
	*b = append(*b, s...)
}

// time writes a timestamptz, and null for the zero time.
func (b *encoder) time(t time.Time) {
	if t.IsZero() {
		b.null()
		return
	}
	b.int64(t.UnixMicro() - postgresEpoch)
}

// number writes a double precision, and null for no value.
func (b *encoder) number(n model.Number) {
	if !n.Valid {
		b.null()
		return
	}
	b.length(8)
	*b = binary.BigEndian.AppendUint64(*b, math.Float64bits(n.Value))
}

// ownIDs writes an integer, and null where an event named no id of its own.
func (b *encoder) ownIDs(ids model.OwnIDs) {
	if ids == 0 {
		b.null()
		return
	}
	b.length(4)
	*b = binary.BigEndian.AppendUint32(*b, uint32(ids)) //nolint:gosec // two's complement is the wire format
}

// json writes a jsonb, and null for none. Its binary form is a version byte and
// the text.
func (b *encoder) json(text []byte) {
	if len(text) == 0 {
		b.null()
		return
	}
	b.length(len(text) + 1)
	*b = append(*b, 1)
	*b = append(*b, text...)
}

// copyStream is an io.Reader of a whole COPY: each row that is not left out,
// behind what before writes.
type copyStream struct {
	rows    *rows
	before  func(*encoder) // the number of columns, and the columns that the API does not give
	next    int            // row
	ended   bool
	pending []byte // to be read before anything else
	scratch encoder
}

func newCopyStream(r *rows, before func(*encoder)) *copyStream {
	return &copyStream{rows: r, before: before, pending: []byte(copyHeader)}
}

// Read fills p as far as there are rows, since each call becomes one message.
func (s *copyStream) Read(p []byte) (int, error) {
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

func (s *copyStream) advance() bool {
	for s.next < s.rows.len() && s.rows.isStored(s.next) {
		s.next++
	}
	switch {
	case s.next < s.rows.len():
		s.scratch = s.scratch[:0]
		s.before(&s.scratch)
		s.scratch = append(s.scratch, s.rows.row(s.next)...)
		s.pending = s.scratch
		s.next++
	case !s.ended:
		s.ended, s.pending = true, []byte(copyTrailer)
	default:
		return false
	}
	return true
}
