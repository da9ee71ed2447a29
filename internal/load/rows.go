package load

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

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

// keyed is where a row stands, with the first bytes of its ids, which mostly tell it from others.
type keyed struct {
	prefix uint64
	row    int32
}

const (
	idLength = 16
	idSize   = 4 + idLength // in a row, behind its length
	beside   = 32           // bytes that a row takes beside its columns: its end and its place, and room to grow
)

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

// sorted gives where the rows stand, in the order of their keys, or nearly so: where two
// participants' ids begin alike, their events may be mixed.
func (r *rows) sorted() []keyed {
	if len(r.order) == len(r.ends) {
		return r.order
	}
	r.order = r.order[:0]
	for n := range r.ends {
		r.order = append(r.order, keyed{r.prefix(n), int32(n)})
	}
	slices.SortFunc(r.order, r.byKey)
	return r.order
}

func (r *rows) byKey(a, b keyed) int {
	c := cmp.Compare(a.prefix, b.prefix)
	for i := 0; c == 0 && i < r.keys; i++ {
		c = bytes.Compare(r.id(int(a.row), i), r.id(int(b.row), i))
	}
	return c
}

// id gives one of the ids that make the key of a row.
func (r *rows) id(row, i int) []byte {
	return r.row(row)[i*idSize+4:][:idLength]
}

// prefixOf gives the first bytes of ids in one number: of two ids half of each.
func prefixOf(ids ...[]byte) uint64 {
	if len(ids) == 1 {
		return binary.BigEndian.Uint64(ids[0])
	}
	return uint64(binary.BigEndian.Uint32(ids[0]))<<32 | uint64(binary.BigEndian.Uint32(ids[1]))
}

func (r *rows) prefix(row int) uint64 {
	if r.keys == 1 {
		return prefixOf(r.id(row, 0))
	}
	return prefixOf(r.id(row, 0), r.id(row, 1))
}

// twice reports whether a key came more than once.
func (r *rows) twice() bool {
	all := r.sorted()
	for i := 1; i < len(all); i++ {
		if r.byKey(all[i-1], all[i]) == 0 {
			return true
		}
	}
	return false
}

// find gives the row whose key is made of these ids.
func (r *rows) find(ids ...[]byte) (row int, known bool) {
	prefix := prefixOf(ids...)
	at, known := slices.BinarySearchFunc(r.sorted(), ids, func(p keyed, ids [][]byte) int {
		c := cmp.Compare(p.prefix, prefix)
		for i := 0; c == 0 && i < len(ids); i++ {
			c = bytes.Compare(r.id(int(p.row), i), ids[i])
		}
		return c
	})
	if !known {
		return 0, false
	}
	return int(r.order[at].row), true
}

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
