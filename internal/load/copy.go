package load

import (
	"io"

	"github.com/rollcall-etl/rollcall/internal/pgcopy"
)

// newCopyStream gives a whole COPY: each row that is not left out, as it came, behind what
// before writes, the number of columns and the columns that the API does not give.
func newCopyStream(r *rows, before func(*pgcopy.Encoder)) io.Reader {
	next := 0
	return pgcopy.Stream(func(e *pgcopy.Encoder) bool {
		for next < r.len() && r.isStored(next) {
			next++
		}
		if next == r.len() {
			return false
		}
		before(e)
		*e = append(*e, r.row(next)...)
		next++
		return true
	})
}
