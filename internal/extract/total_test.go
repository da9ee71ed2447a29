package extract

import (
	"context"
	"net/http"
	"slices"
	"testing"
)

// wrongTotals are numbers that some APIs announce in place of that of the list's rows:
// those of the page (cloudflare/cloudflare-go#3631, apache/cloudstack#4191), too few, or
// none behind the end.
var wrongTotals = map[string]func(page, all int) int{
	"of the page":         func(page, _ int) int { return page },
	"zero":                func(_, _ int) int { return 0 },
	"too few":             func(_, all int) int { return min(all*2/3|1, all) }, // never that of full pages
	"zero behind the end": func(page, all int) int { return min(page, 1) * all },
}

// A list is never taken for whole while rows of it were not read, whatever is announced.
func TestWrongTotalHidesNoRows(t *testing.T) {
	t.Parallel()
	for name, total := range wrongTotals {
		for n := range 64 {
			for _, offsets := range []bool{true, false} {
				l := &list{base: 1, tellsOffsets: offsets, tellsTotal: true}
				for i := range n {
					l.rows = append(l.rows, key{byte(i), 1})
				}
				var got []key
				pass, err := walkList(t.Context(), 10, new(pageBase), func(ctx context.Context, number, size int) (fetched, error) {
					f, err := l.page(ctx, number, size, func(keys []key) { got = append(got, keys...) })
					f.paging.total = total(len(f.keys), n)
					return f, err
				})
				if err != nil || !slices.Equal(got, l.rows) {
					t.Fatalf("total %s, offsets %v: %d of %d rows: %+v, %v", name, offsets, len(got), n, pass, err)
				}
				if name == "zero behind the end" && !pass.Sound() {
					t.Errorf("%d rows: %+v", n, pass)
				}
			}
		}
	}
}

// What stands behind the announced end may be refused, or be the last page again: a list
// of exactly one page is whole nonetheless. Once a list announced more than its page has,
// nobody looks there any more.
func TestOneFullPageIsWhole(t *testing.T) {
	t.Parallel()
	for name, behind := range map[string]error{
		"refused": &AnswerError{Status: http.StatusBadRequest}, "not found": &AnswerError{Status: http.StatusNotFound}, "the same again": nil,
	} {
		var base pageBase
		read := func(n int) (asked int) {
			l := &list{base: 1, tellsOffsets: true, tellsTotal: true, rows: make([]key, 0, n)}
			for i := range n {
				l.rows = append(l.rows, key{byte(i), 1})
			}
			pass, err := walkList(t.Context(), 10, &base, func(ctx context.Context, number, size int) (fetched, error) {
				if last := (n + 9) / 10; number > last && behind != nil {
					l.requests++
					return fetched{}, behind
				} else if number > last {
					number = last
				}
				return l.page(ctx, number, size, func([]key) {})
			})
			if err != nil || !pass.Sound() || pass.Distinct != n {
				t.Errorf("%s, %d rows: %+v, %v", name, n, pass, err)
			}
			return l.requests
		}
		if first, longer, again := read(10), read(15), read(10); first != 2 || longer != 2 || again != 1 {
			t.Errorf("%s: %d, %d, %d requests", name, first, longer, again)
		}
	}
}
