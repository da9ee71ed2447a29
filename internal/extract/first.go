package extract

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
)

// pageBase remembers how the API pages one kind of list, so that it is found out once and
// not for each list. The zero value knows nothing.
type pageBase struct {
	known atomic.Int32 // the number of the first page: baseUnknown, baseOne or baseZero
	most  atomic.Int32 // rows of a page: the size that was taken after a larger one was refused; 0 for none
	whole atomic.Bool  // total_count counts the list: it was more than the rows of its page
}

const (
	baseUnknown int32 = iota
	baseOne
	baseZero
)

// is notes the number of the first page.
func (b *pageBase) is(base int32) { b.known.Store(base) }

// first gives the first page. It asks for page 1, unless this kind of list is known to
// count from 0. Page 1 is the first if it begins with the first row or holds all rows that
// are announced; otherwise page 0 tells.
func (w *walk) first(ctx context.Context) (fetched, error) {
	if w.base.known.Load() == baseZero {
		w.next, w.from0 = 0, true
		return w.askFirst(ctx)
	}
	one, err := w.askFirst(ctx)
	if err != nil || w.isFirst(one) {
		return one, err
	}
	zero, refused, err := w.zero(ctx)
	switch {
	case refused:
		if one.paging.start > 1 {
			w.problem("page 1 begins at row %d and page 0 is refused", one.paging.start)
		}
		w.base.is(baseOne)
		return one, nil
	case err != nil || len(zero.keys) == 0:
		return one, err
	case samePage(zero, one):
		w.alias = true
		return one, nil
	}
	w.base.is(baseZero)
	w.next, w.from0 = 1, true
	if !w.follows(zero, one) {
		return zero, nil // page 1 is asked for again, by the size that page 0 taught
	}
	if done, err := w.take(zero); done || err != nil {
		return fetched{}, err
	}
	w.next = 2
	return one, nil
}

// askFirst asks for the first page. As long as the API refuses the size of the page, it asks
// again for half as many rows: the documented bounds of a page have changed before.
func (w *walk) askFirst(ctx context.Context) (fetched, error) {
	page, err := w.ask(ctx)
	for refusesSize(err) && w.size > 1 {
		w.size /= 2
		w.next--
		if page, err = w.ask(ctx); err == nil {
			w.base.most.Store(int32(w.size)) //nolint:gosec // half of a number of rows
		}
	}
	return page, err
}

// refusesSize reports whether a refusal is about the size of a page: it names the parameter,
// as the API does with others ("id" must be a valid GUID).
func refusesSize(err error) bool {
	answer, ok := errors.AsType[*AnswerError](err)
	if !ok || answer.Status != http.StatusBadRequest {
		return false
	}
	said := strings.NewReplacer("_", "", " ", "").Replace(strings.ToLower(answer.Message))
	return strings.Contains(said, "perpage") || strings.Contains(said, "pagesize")
}

// mostNotFound is how many 404 in a row it takes to believe that there is no such page: one
// mistaken 404 would cost the first page of every list of the kind, or the rest of a list.
const mostNotFound = 3

// zero asks for page 0. refused tells that the API has no such page.
func (w *walk) zero(ctx context.Context) (page fetched, refused bool, err error) {
	for range mostNotFound {
		page, err = w.fetch(ctx, 0, w.size)
		answer, ok := errors.AsType[*AnswerError](err)
		switch {
		case ok && answer.Status == http.StatusBadRequest:
			return fetched{}, true, nil
		case !ok || answer.Status != http.StatusNotFound:
			return page, false, err
		}
	}
	return fetched{}, true, nil
}

// isFirst tells whether page 1 is the first page for certain.
func (w *walk) isFirst(one fetched) bool {
	p := one.paging
	switch {
	case !p.present:
	case len(one.keys) == 0:
		if p.total >= 0 {
			return p.total == 0
		}
	case p.start >= 0:
		return p.start <= 1
	case p.total >= 0 && len(one.keys) >= p.total:
		return true
	}
	return w.base.known.Load() == baseOne
}

// follows tells whether page 1 begins with the row behind page 0.
func (w *walk) follows(zero, one fetched) bool {
	if len(one.keys) == 0 {
		return false
	}
	if one.paging.start > 0 && zero.paging.end > 0 {
		return one.paging.start == zero.paging.end+1
	}
	return len(zero.keys) >= w.size
}

// samePage tells whether a and b are one page under two numbers: by their
// offsets, else by whether most rows of a are in b, since a row may have come or
// gone between the two readings.
func samePage(a, b fetched) bool {
	if a.paging.start > 0 && b.paging.start > 0 {
		return a.paging.start == b.paging.start
	}
	in := make(map[key]struct{}, len(b.keys))
	for _, k := range b.keys {
		in[k] = struct{}{}
	}
	common := 0
	for _, k := range a.keys {
		if _, ok := in[k]; ok {
			common++
		}
	}
	return 2*common > len(a.keys)
}
