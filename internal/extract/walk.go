package extract

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// key identifies a record within one walk: a UUID as it is, anything else by
// its digest.
type key [16]byte

func textKey(text string) key {
	digest := sha256.Sum256([]byte(text))
	return key(digest[:16])
}

// idKey gives the key of an id that is a UUID as a rule: the same as that of the UUID, by
// which a record that was set aside is told to be one that came sound.
func idKey(text string) key {
	if id, err := model.ParseUUID(text); err == nil {
		return key(id)
	}
	return textKey(text)
}

// fetched is one page that was read but not yet handed on.
type fetched struct {
	paging  paging
	keys    []key
	deliver func() error
}

// fetchPage asks for one page. number is as the API counts, size is how many
// rows to ask for.
type fetchPage func(ctx context.Context, number, size int) (fetched, error)

// walk is the state of reading one list to its end. The documentation leaves
// open whether pages count from 1 or 0, how large a page may be, and where, if
// anywhere, the paging object stands; walk goes by what came back.
type walk struct {
	fetch  fetchPage
	base   *pageBase
	pass   model.Pass
	seen   map[key]struct{}
	size   int  // rows to ask for
	next   int  // page number to ask for
	pages  int  // pages delivered
	rows   int  // rows delivered, repeated ones included
	end    int  // end_offset of the last page, -1 where unknown
	stale  int  // pages in a row that held nothing new
	from0  bool // the list is taken to begin with page 0
	alias  bool // page 0 is page 1 under another name
	beyond bool // the walk goes on behind the announced end, which it does not believe
	wanted int  // total_count as it was first announced, -1 for never
}

// maxPages bounds a list that announces no count, and maxGrowth by how many pages
// one that does may grow beyond twice that while it is read: a list that grows as
// fast as it is read has no end. maxStale is how many pages in a row may hold
// nothing new although their offsets go on: rows that were added in front push
// that many pages down at most.
const (
	maxPages  = 1 << 16
	maxGrowth = 1000
	maxStale  = 10
)

// walkList reads every page once and hands its rows on in order. The pass tells
// whether the list can be trusted; an error means it ended early.
func walkList(ctx context.Context, perPage int, base *pageBase, fetch fetchPage) (model.Pass, error) {
	w := &walk{
		fetch: fetch, base: base, size: perPage, next: 1, end: -1,
		wanted: -1, pass: model.Pass{Announced: -1}, seen: make(map[key]struct{}),
	}
	page, err := w.first(ctx)
	for err == nil {
		var done bool
		if done, err = w.take(page); done || err != nil {
			break
		}
		if page, err = w.ask(ctx); saysNoSuchPage(err) && !w.beyond {
			page, err = w.askAgain(ctx, err)
		}
		if saysNoSuchPage(err) && w.beyond {
			err = nil
			break
		}
	}
	w.pass.Distinct = len(w.seen)
	return w.pass, err
}

func (w *walk) ask(ctx context.Context) (fetched, error) {
	page, err := w.fetch(ctx, w.next, w.size)
	w.next++
	return page, err
}

// take hands a page on and reports whether it was the last.
func (w *walk) take(page fetched) (done bool, err error) {
	if page.deliver == nil || w.beyond && len(page.keys) == 0 { // some announce 0 behind the end
		return true, nil
	}
	fresh := 0
	for _, k := range page.keys {
		if _, again := w.seen[k]; again {
			w.pass.Duplicates++
			continue
		}
		w.seen[k] = struct{}{}
		fresh++
	}
	if err := page.deliver(); err != nil {
		return true, err
	}
	w.pages++
	w.rows += len(page.keys)
	w.stale++
	if fresh > 0 {
		w.stale = 0
	}
	if w.alias && w.pages == 2 && (fresh > 0 || len(page.keys) == 0) {
		w.base.is(baseOne) // and not a server that repeats its only page
	}
	w.announced(page.paging)
	if page.paging.total > len(page.keys) {
		w.base.whole.Store(true)
	}
	done = w.atEnd(page, fresh)
	if w.pages == 1 && len(page.keys) < w.size && !done {
		// The server gives fewer rows than asked for: ask for what it gives, so
		// that pages follow each other whichever size it counts them by.
		w.size = len(page.keys)
	}
	w.end = page.paging.end
	return done, nil
}

// announced notes total_count and whether it changed under way.
func (w *walk) announced(p paging) {
	if !p.present || p.total < 0 {
		return
	}
	if w.pass.Announced >= 0 && w.pass.Announced != p.total {
		w.problem("total_count changed from %d to %d while the pages were read", w.pass.Announced, p.total)
	}
	if w.wanted < 0 {
		w.wanted = p.total
	}
	w.pass.Announced = p.total
}

// atEnd decides whether another page must be asked for.
func (w *walk) atEnd(page fetched, fresh int) bool {
	p := page.paging
	switch {
	case len(page.keys) == 0:
		return true
	case w.reached(p):
		w.beyond = !w.believes(page)
		return !w.beyond || fresh == 0
	case fresh == 0 && (w.stale > maxStale || !(p.present && w.end >= 0 && p.end > w.end)):
		w.base.is(baseUnknown)
		switch {
		case p.present:
			w.problem("the API repeats page %d for ever", w.next-1)
		case w.from0 && w.pages == 2 && w.rows == 2*len(page.keys):
			// Page 0 is page 1 under another name, and more may follow. The next pass
			// asks for both again.
			w.problem("the API gives the same rows as page 0 and as page 1")
		}
		return true
	case w.pages > w.mostPages():
		w.problem("after %d pages the list is not at its end: it has more pages than announced rows, or grows as fast as it is read", w.pages)
		return true
	}
	return false
}

// reached reports whether the end of the list is reached, if its paging object is right.
func (w *walk) reached(p paging) bool {
	if !p.present || p.total < 0 {
		return false
	}
	return p.end >= p.total || len(w.seen) >= p.total || p.end < 0 && w.rows >= p.total
}

// believes reports whether the announced end may be the true one. It is not where more rows
// came than were announced. Nor is it believed where the first page is full and its own rows
// are all that is announced: some APIs announce the rows of the page. Once any list of the
// kind has announced more than its page held, they are known not to.
func (w *walk) believes(page fetched) bool {
	if len(w.seen) > page.paging.total {
		return false
	}
	return w.pages > 1 || len(page.keys) != w.size || page.paging.total != len(page.keys) || w.base.whole.Load()
}

// askAgain asks for a page that was just refused, as some APIs do behind the last one where
// others give an empty page. It lies there if it is refused again and again, so that no
// mistaken 404 cuts a list, and the page before it is still there, so that nothing that was
// deleted meanwhile passes for read.
func (w *walk) askAgain(ctx context.Context, refusal error) (fetched, error) {
	number := w.next - 1
	for range mostNotFound - 1 {
		if page, err := w.fetch(ctx, number, w.size); !saysNoSuchPage(err) {
			return page, err
		}
	}
	before, err := w.fetch(ctx, number-1, w.size)
	w.beyond = err == nil && len(before.keys) > 0
	return fetched{}, refusal
}

// saysNoSuchPage reports whether an API answers so to a page behind its last one.
func saysNoSuchPage(err error) bool {
	answer, ok := errors.AsType[*AnswerError](err)
	return ok && (answer.Status == http.StatusBadRequest || answer.Status == http.StatusNotFound)
}

// mostPages bounds a walk: a list has no more pages than rows, unless the announced number
// was too low.
func (w *walk) mostPages() int {
	if w.wanted >= 0 && len(w.seen) <= w.pass.Announced {
		return min(w.pass.Announced+2, 2*w.wanted+maxGrowth)
	}
	return maxPages
}

// problem notes the first reason not to trust the pass.
func (w *walk) problem(format string, args ...any) {
	if w.pass.Problem == "" {
		w.pass.Problem = fmt.Sprintf(format, args...)
	}
}
