package extract

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// list is a list of rows as some API might page it.
type list struct {
	rows         []key
	base         int
	most         int // cap of per_page, 0 for none
	rowsOnly     bool
	tellsOffsets bool
	tellsTotal   bool
	refuses      int // status of a page behind the last, 0 for an empty page
	requests     int
}

func (l *list) page(_ context.Context, number, size int, deliver func([]key)) (fetched, error) {
	l.requests++
	rows := size
	if l.most > 0 {
		rows = min(rows, l.most)
	}
	if !l.rowsOnly {
		size = rows
	}
	low := min(max(number-l.base, 0)*size, len(l.rows))
	if l.refuses != 0 && low == len(l.rows) && number > l.base {
		return fetched{}, &AnswerError{Status: l.refuses}
	}
	high := min(low+rows, len(l.rows))
	f := fetched{keys: slices.Clone(l.rows[low:high])}
	f.deliver = func() error { deliver(f.keys); return nil }
	if l.tellsOffsets || l.tellsTotal {
		f.paging = paging{present: true, total: -1, start: -1, end: -1}
	}
	if l.tellsTotal {
		f.paging.total = len(l.rows)
	}
	if l.tellsOffsets {
		f.paging.start, f.paging.end = 0, 0
		if low < high {
			f.paging.start, f.paging.end = low+1, high
		}
	}
	return f, nil
}

// Whatever the API leaves out and however it counts: all rows come, once, for a
// bounded number of requests (airbytehq/airbyte#76465).
func TestWalkGivesAllRowsOfAnyList(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 0))
		n := rng.IntN(61)
		l := &list{
			base: rng.IntN(2), most: []int{0, 1, 7, 20}[rng.IntN(4)],
			rowsOnly: rng.IntN(2) == 0, tellsOffsets: rng.IntN(2) == 0,
			tellsTotal: rng.IntN(2) == 0,
		}
		for i := range n {
			l.rows = append(l.rows, key{byte(i), 1})
		}
		twice := n > 1 && rng.IntN(2) == 0
		if twice {
			l.rows = append(l.rows, l.rows[rng.IntN(n)])
		}
		size := []int{1, 5, 10, 100}[rng.IntN(4)]
		base := new(pageBase)
		for range 2 {
			var got []key
			l.requests = 0
			pass, err := walkList(t.Context(), size, base, func(ctx context.Context, number, size int) (fetched, error) {
				return l.page(ctx, number, size, func(keys []key) { got = append(got, keys...) })
			})
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if !slices.Equal(got, l.rows) {
				t.Fatalf("seed %d: %d rows were handed on, want %d; per_page=%d of %+v; %+v", seed, len(got), len(l.rows), size, *l, pass)
			}
			if pass.Distinct != n || pass.Sound() != (!twice || !l.tellsTotal) {
				t.Fatalf("seed %d: %+v", seed, pass)
			}
			step := size
			if l.most > 0 {
				step = min(step, l.most)
			}
			if needed := max((len(l.rows)+step-1)/step, 1); l.requests > needed+2 {
				t.Fatalf("seed %d: %d requests, %d are needed", seed, l.requests, needed)
			}
		}
	}
}

// Rows that come in front while the pages are read push others on to the next
// page: none of them may be missed, and the pass must not look whole
// (airbytehq/airbyte#21500, dlt-hub/dlt#2269).
func TestWalkMissesNothingThatWasThereFromTheStart(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 0))
		l := &list{base: 1, tellsOffsets: true, tellsTotal: rng.IntN(2) == 0}
		for i := range 1 + rng.IntN(60) {
			l.rows = append(l.rows, key{byte(i), 1})
		}
		before := slices.Clone(l.rows)
		when := 1 + rng.IntN(6)
		count := 1 + rng.IntN(25)
		seen := map[key]bool{}
		pass, err := walkList(t.Context(), 10, new(pageBase), func(ctx context.Context, number, size int) (fetched, error) {
			if l.requests+1 == when {
				for i := range count {
					l.rows = slices.Insert(l.rows, 0, key{byte(i), 2})
				}
			}
			return l.page(ctx, number, size, func(keys []key) {
				for _, k := range keys {
					seen[k] = true
				}
			})
		})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, k := range before {
			if !seen[k] {
				t.Fatalf("seed %d: row %v was missed; %+v", seed, k, pass)
			}
		}
		if l.tellsTotal && pass.Sound() != (pass.Distinct == len(l.rows)) {
			t.Fatalf("seed %d: %d rows of %d, yet %+v", seed, pass.Distinct, len(l.rows), pass)
		}
		if l.requests > 40 {
			t.Fatalf("seed %d: %d requests", seed, l.requests)
		}
	}
}

// A list that gains a row with every page that is read has no end: it is left,
// with what came of it, and said so.
func TestWalkLeavesAListThatGrowsAsFastAsItIsRead(t *testing.T) {
	t.Parallel()
	for _, tells := range []bool{true, false} {
		l := &list{base: 1, tellsOffsets: tells, tellsTotal: tells, rows: []key{{1}, {2}, {3}}}
		grown := uint32(3)
		pass, err := walkList(t.Context(), 1, new(pageBase), func(ctx context.Context, number, size int) (fetched, error) {
			grown++
			l.rows = append(l.rows, key{byte(grown), byte(grown >> 8), byte(grown >> 16), 1})
			return l.page(ctx, number, size, func([]key) {})
		})
		most := maxPages + 10
		if tells {
			most = maxGrowth + 20
		}
		if err != nil || pass.Sound() || pass.Problem == "" || l.requests > most || l.requests < 1000 {
			t.Errorf("tells %v: %+v after %d requests, %v", tells, pass, l.requests, err)
		}
	}
}

// Page 0 is page 1 under another name, and neither says which rows it has. A live session
// that grows between the two looks as if it began with page 0, and others are then read
// from there: none may look whole before all of its rows were read.
func TestWalkBesideAListThatGrowsBetweenItsFirstPages(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 100, 150, 300} {
		var base pageBase
		live, ended := &list{base: 1, rows: []key{{1}}}, &list{base: 1}
		for i := range n {
			ended.rows = append(ended.rows, key{byte(i), byte(i >> 8), 2})
		}
		read := func(ctx context.Context) model.Pass {
			pass, err := walkList(ctx, 100, &base, func(ctx context.Context, number, size int) (fetched, error) {
				return ended.page(ctx, number, size, func([]key) {})
			})
			if err != nil || pass.Sound() && pass.Distinct != n {
				t.Errorf("%d rows: %+v, %v", n, pass, err)
			}
			return pass
		}
		pass, err := walkList(t.Context(), 100, &base, func(ctx context.Context, number, size int) (fetched, error) {
			switch live.requests {
			case 1: // page 0 follows
				live.rows = append(live.rows, key{2})
			case 2: // page 1 follows once more
				if first, again := read(ctx), read(ctx); first.Sound() || !again.Sound() {
					t.Errorf("%d rows: first %+v, then %+v", n, first, again)
				}
			}
			return live.page(ctx, number, size, func([]key) {})
		})
		if err != nil || pass.Sound() || live.requests != 3 {
			t.Errorf("the live session: %+v after %d requests, %v", pass, live.requests, err)
		}
		if last := read(t.Context()); !last.Sound() {
			t.Errorf("%d rows, afterwards: %+v", n, last)
		}
	}
}

func BenchmarkWalk(b *testing.B) {
	l := &list{base: 1, tellsOffsets: true, tellsTotal: true}
	for i := range 10_000 {
		l.rows = append(l.rows, key{byte(i), byte(i >> 8)})
	}
	b.ReportAllocs()
	for b.Loop() {
		pass, err := walkList(b.Context(), 100, new(pageBase), func(ctx context.Context, number, size int) (fetched, error) {
			return l.page(ctx, number, size, func([]key) {})
		})
		if err != nil || pass.Distinct != len(l.rows) {
			b.Fatal(pass, err)
		}
	}
}

// Some APIs refuse a page behind the last one, where others give an empty page. Without a
// count, or with one that is too high, it is asked for. That ends the list, unless the page
// before it is gone too.
func TestRefusedPageBehindTheLastEndsTheList(t *testing.T) {
	t.Parallel()
	for _, refuses := range []int{http.StatusNotFound, http.StatusBadRequest} {
		for n := 1; n < 34; n++ {
			for more := range 3 { // 0: no count is announced; else that of more rows than there are
				l := &list{base: 1, tellsTotal: more > 0, refuses: refuses}
				for i := range n {
					l.rows = append(l.rows, key{byte(i), 1})
				}
				var got []key
				pass, err := walkList(t.Context(), 10, new(pageBase), func(ctx context.Context, number, size int) (fetched, error) {
					f, err := l.page(ctx, number, size, func(keys []key) { got = append(got, keys...) })
					f.paging.total += more
					return f, err
				})
				if err != nil || !slices.Equal(got, l.rows) || pass.Sound() != (more == 0) {
					t.Fatalf("%d, %d rows, %d more announced: %d came, %+v, %v", refuses, n, more, len(got), pass, err)
				}
			}
		}
	}
}

// A page that is missing by mistake is not the end, and a list that is gone meanwhile was not
// read.
func TestMissingPageIsNoEnd(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct {
		missing func(number, asked int) bool
		whole   bool
	}{
		"once":            {func(number, asked int) bool { return number == 2 && asked == 1 }, true},
		"twice":           {func(number, asked int) bool { return number == 2 && asked <= 2 }, true},
		"with the others": {func(number, asked int) bool { return number == 2 || asked > 1 }, false},
	} {
		l := &list{base: 1}
		for i := range 30 {
			l.rows = append(l.rows, key{byte(i), 1})
		}
		asked := make(map[int]int)
		pass, err := walkList(t.Context(), 10, new(pageBase), func(ctx context.Context, number, size int) (fetched, error) {
			if asked[number]++; of.missing(number, asked[number]) {
				return fetched{}, &AnswerError{Status: http.StatusNotFound}
			}
			return l.page(ctx, number, size, func([]key) {})
		})
		if of.whole && (err != nil || pass.Distinct != len(l.rows)) || !of.whole && !errors.Is(err, model.ErrNotFound) {
			t.Errorf("%s: %+v, %v", name, pass, err)
		}
	}
}
