// Package pgcopy writes rows in the binary form of Postgres' COPY. They are encoded by
// hand because a generic encoder spends more time on a row than Postgres does. Source of
// the form: PostgreSQL manual, COPY, "Binary Format".
package pgcopy

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/rollcall-etl/rollcall/internal/derive"
	"github.com/rollcall-etl/rollcall/internal/model"
)

// Encoder is a buffer to which each method appends a column.
type Encoder []byte

// What stands before all rows, and after them.
const (
	Header  = "PGCOPY\n\xff\r\n\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	Trailer = "\xff\xff"
)

// Epoch is the zero of Postgres' binary timestamps, in microseconds of
// Unix time.
var Epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// Columns writes the number of columns, with which a row begins.
func (b *Encoder) Columns(n uint16) { *b = binary.BigEndian.AppendUint16(*b, n) }

func (b *Encoder) length(n int) {
	*b = binary.BigEndian.AppendUint32(*b, uint32(n)) //nolint:gosec // a field is part of one bounded page
}

// Null writes null.
func (b *Encoder) Null() { *b = append(*b, 0xff, 0xff, 0xff, 0xff) }

// Sent writes a column as Postgres sends it, and null for nil.
func (b *Encoder) Sent(bytes []byte) {
	if bytes == nil {
		b.Null()
		return
	}
	b.length(len(bytes))
	*b = append(*b, bytes...)
}

// UUID writes a uuid.
func (b *Encoder) UUID(id model.UUID) {
	b.length(len(id))
	*b = append(*b, id[:]...)
}

// UUIDOrNull writes null for the zero value.
func (b *Encoder) UUIDOrNull(id model.UUID) {
	if id.IsZero() {
		b.Null()
		return
	}
	b.UUID(id)
}

// Int64 writes a bigint, or another type of eight bytes.
func (b *Encoder) Int64(n int64) {
	b.length(8)
	*b = binary.BigEndian.AppendUint64(*b, uint64(n)) //nolint:gosec // two's complement is the wire format
}

// Text writes a text, and null for none.
func (b *Encoder) Text(s string) {
	if s == "" {
		b.Null()
		return
	}
	b.length(len(s))
	*b = append(*b, s...)
}

// Time writes a timestamptz, and null for the zero time.
func (b *Encoder) Time(t time.Time) {
	if t.IsZero() {
		b.Null()
		return
	}
	b.Int64(t.UnixMicro() - Epoch)
}

// Number writes a double precision, and null for no value.
func (b *Encoder) Number(n model.Number) {
	if !n.Valid {
		b.Null()
		return
	}
	b.length(8)
	*b = binary.BigEndian.AppendUint64(*b, math.Float64bits(n.Value))
}

// OwnIDs writes an integer, and null where an event named no id of its own.
func (b *Encoder) OwnIDs(ids model.OwnIDs) {
	if ids == 0 {
		b.Null()
		return
	}
	b.length(4)
	*b = binary.BigEndian.AppendUint32(*b, uint32(ids)) //nolint:gosec // two's complement is the wire format
}

// JSON writes a jsonb, and null for none. Its binary form is a version byte and
// the text.
func (b *Encoder) JSON(text []byte) {
	if len(text) == 0 {
		b.Null()
		return
	}
	b.length(len(text) + 1)
	*b = append(*b, 1)
	*b = append(*b, text...)
}

// Int32 writes an integer, or a date as days since 2000-01-01.
func (b *Encoder) Int32(n int) {
	b.length(4)
	b.length(n)
}

// Bool writes a boolean.
func (b *Encoder) Bool(yes bool) {
	b.length(1)
	if yes {
		*b = append(*b, 1)
	} else {
		*b = append(*b, 0)
	}
}

// Texts writes a text[] of which no element is null, and null for none.
func (b *Encoder) Texts(all []string) {
	if all == nil {
		b.Null()
		return
	}
	ArrayOf(b, TypeText, all, func(b *Encoder, s string) { b.Sent([]byte(s)) })
}

// Object ids of the types of elements.
const (
	TypeBool        = 16
	TypeChar        = 18 // "char"
	TypeInt8        = 20
	TypeInt4        = 23
	TypeText        = 25
	TypeTimestamptz = 1184
	TypeUUID        = 2950
)

// ArrayOf writes an array of elements of a type, each as a column.
func ArrayOf[E any](b *Encoder, elementType int, all []E, write func(*Encoder, E)) {
	start := len(*b)
	b.length(0) // not known yet
	if len(all) == 0 {
		b.lengths(0, 0, elementType)
	} else {
		const mayHaveNulls = 1
		b.lengths(1, mayHaveNulls, elementType, len(all), 1) // dimensions, nulls, type, elements, first index
	}
	for _, e := range all {
		write(b, e)
	}
	binary.BigEndian.PutUint32((*b)[start:], uint32(len(*b)-start-4)) //nolint:gosec // a part of one row
}

func (b *Encoder) lengths(all ...int) {
	for _, n := range all {
		b.length(n)
	}
}

// Multirange writes a tstzmultirange.
func (b *Encoder) Multirange(spans []derive.Span) {
	const withStart, size = 2, 1 + 12 + 12 // the range holds its start but not its end
	b.length(4 + len(spans)*(4+size))
	b.length(len(spans))
	for _, s := range spans {
		b.length(size)
		*b = append(*b, withStart)
		b.Int64(s.Start)
		b.Int64(s.End)
	}
}
