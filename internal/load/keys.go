package load

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// keyed is where a row stands, with the first bytes of its ids, which mostly tell it from others.
type keyed struct {
	prefix uint64
	row    int32
}

const (
	idLength = 16
	idSize   = 4 + idLength // in a row, behind its length
)

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
