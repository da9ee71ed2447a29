package extract

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// listing describes one list of the API: how to ask for a page of it, how to read a row
// into a page of type P, and by which keys its rows are told apart.
type listing[P any] struct {
	path   string
	base   *pageBase
	query  url.Values
	most   int    // rows of a page at most, by the API's documents; 0 where they name no bound
	member string // member of data that holds the rows; data itself may be the list too
	also   string // another member that may hold them; empty for none
	single string // a member that only a single record has, given in place of a list; empty where none is
	strict bool   // an answer without a list is an error, and not an empty list; so is null
	row    func(s *scanner, page *P) error
	keys   func(page *P) []key
}

// read goes through the whole list and hands each page to each.
func (l listing[P]) read(ctx context.Context, c *Client, each func(P) error) (model.Pass, error) {
	size := c.cfg.PerPage
	if l.most > 0 {
		size = min(size, l.most)
	}
	if taken := int(l.base.most.Load()); taken > 0 {
		size = min(size, taken)
	}
	return walkList(ctx, size, l.base, func(ctx context.Context, number, size int) (fetched, error) {
		query := url.Values{"page_no": {strconv.Itoa(number)}, "per_page": {strconv.Itoa(size)}}
		maps.Copy(query, l.query)
		var page P
		var env envelope
		err := c.get(ctx, l.path, query, func(body []byte) (_ envelope, err error) {
			page = *new(P) // an attempt that failed half-way leaves nothing
			env, err = l.decode(body, &page)
			return env, err
		})
		return fetched{paging: env.paging, keys: l.keys(&page), deliver: func() error { return each(page) }}, err
	})
}

// decode reads the rows of one answer into page.
func (l listing[P]) decode(body []byte, page *P) (envelope, error) {
	var found members
	env, err := readEnvelope(body, func(s *scanner, name string) error {
		if name != l.member && name != "" && (name != l.also || l.also == "") {
			return found.unknown(s, name)
		}
		found.known, found.listed = true, found.listed || s.dec.PeekKind() == jsontext.KindBeginArray
		return s.array(func() error { return l.row(s, page) })
	})
	if err != nil || !env.success {
		return env, err
	}
	if !found.listed {
		if found.listed, err = l.one(body, page); err != nil {
			return env, err
		}
		if found.listed {
			env.paging = paging{present: true, total: 1, start: 1, end: 1}
		}
	}
	if env.hasData && !found.listed {
		err = found.missing(l.strict)
	}
	return env, err
}

// members tells what an answer that should hold a list holds in data.
type members struct {
	known  bool   // the member of the rows is there; it may be null
	listed bool   // it is there and holds a list
	other  string // name of the first other member that holds a list with something in it
}

// unknown passes over a member of another name, and notes the first that holds a list.
func (m *members) unknown(s *scanner, name string) error {
	raw, err := s.value()
	if err == nil && m.other == "" && kindOf(raw) == jsontext.KindBeginArray && strings.Trim(raw, "[] \t\r\n") != "" {
		m.other = name
	}
	return err
}

// missing gives the error of an answer without a list: where strict asks for one, and where
// rows stand under a name that this version does not know. Those would pass for no rows.
func (m *members) missing(strict bool) error {
	switch {
	case m.other != "" && !m.known:
		return fmt.Errorf("%w: data holds no list under its name, but one under %q; this version cannot read it", errShape, clipRaw(model.VisibleText(m.other)))
	case strict:
		return fmt.Errorf("%w: data holds no list", errShape)
	}
	return nil
}

// one reads an answer whose data is a single record in place of a list: it has the member
// single. found is false where the answer is none.
func (l listing[P]) one(body []byte, page *P) (found bool, err error) {
	data := memberOf(string(body), "data", "{")
	if l.single == "" || data == "" || memberOf(data, l.single, "") == "" {
		return false, nil
	}
	if err := l.row(newScanner([]byte(data)), page); err != nil {
		return false, fmt.Errorf("read the only record: %w", err)
	}
	return true, nil
}

// rejectedKeys gives the keys of the rejected records of an entity, so that a
// record that was set aside still counts as seen.
func rejectedKeys(rejected []model.Rejected, entity string) []key {
	var keys []key
	for i := range rejected {
		if rejected[i].Entity != entity {
			continue
		}
		keys = append(keys, idKey(rejected[i].Key))
	}
	return keys
}
