package load

import (
	"bytes"
	"encoding/binary"

	"github.com/rollcall-etl/rollcall/internal/pgcopy"
)

// rows are records of one table, encoded column by column as the API gave them
// and held in memory.
type rows struct {
	pgcopy.Encoder
	keys   int     // ids with which a row begins that tell it from the others
	ends   []int   // where each row ends
	order  []keyed // by key, as far as it was asked for
	stored []bool  // by row: Postgres has it already, the same in every column; nil for none
	left   int     // rows that are still to be written
}

// beside is how many bytes a row takes beside its columns: its end, its place, and room to grow.
const beside = 32

func newRows(t table) *rows { return &rows{keys: t.keys} }

// mostKept bounds the memory that is kept for other rows: one record may be as
// large as an answer.
const mostKept = 8 << 20

// reset empties the rows and keeps their memory for the next ones.
func (r *rows) reset() {
	if cap(r.Encoder) > mostKept {
		r.Encoder = nil
	}
	r.Encoder, r.ends, r.order = r.Encoder[:0], r.ends[:0], r.order[:0]
	r.forget()
}

// forget takes back what compare found.
func (r *rows) forget() { r.stored, r.left = nil, len(r.ends) }

// end closes the row that was encoded.
func (r *rows) end() {
	r.ends = append(r.ends, len(r.Encoder))
	r.left++
}

// size gives about how many bytes of memory the rows take.
func (r *rows) size() int64 { return int64(len(r.Encoder) + beside*len(r.ends)) }

func (r *rows) len() int { return len(r.ends) }

func (r *rows) row(n int) []byte {
	start := 0
	if n > 0 {
		start = r.ends[n-1]
	}
	return r.Encoder[start:r.ends[n]]
}

func (r *rows) isStored(n int) bool { return r.stored != nil && r.stored[n] }

// compare takes a row of the table in Postgres' binary form, its columns in the order
// in which rows are encoded. It reports whether a row with that key was read, and
// leaves it out of what has to be written if it is the same in every column.
func (r *rows) compare(values [][]byte) (known bool) {
	n, known := r.find(values[:r.keys]...)
	if known && sameRow(r.row(n), values) {
		if r.stored == nil {
			r.stored = make([]bool, r.len())
		}
		r.stored[n] = true
		r.left--
	}
	return known
}

func sameRow(row []byte, values [][]byte) bool {
	for _, value := range values {
		if len(row) < 4 {
			return false
		}
		length := int32(binary.BigEndian.Uint32(row)) //nolint:gosec // -1 is null
		row = row[4:]
		if value == nil || length < 0 {
			if value != nil || length >= 0 {
				return false
			}
			continue
		}
		if int(length) != len(value) || !bytes.Equal(row[:length], value) {
			return false
		}
		row = row[length:]
	}
	return len(row) == 0
}
