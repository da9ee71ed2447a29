package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/find"
	"github.com/rollcall-etl/rollcall/internal/model"
)

// latest is the flag --last: alone the last session, with a duration a range of days.
type latest struct {
	given    bool
	duration string
}

// Decode implements kong.MapperValue.
func (l *latest) Decode(ctx *kong.DecodeContext) error {
	l.given = true
	if next := ctx.Scan.Peek(); next.Type.IsAny(kong.FlagValueToken, kong.UntypedToken) && !strings.HasPrefix(next.String(), "-") {
		l.duration = ctx.Scan.Pop().String()
	}
	return nil
}

// seeks tells whether the page is about one session that has to be found.
func (c *reportCommand) seeks() bool { return c.Title != "" || c.Last.given && c.Last.duration == "" }

// someSessions is how many of several sessions are named.
const someSessions = 10

// find looks for the app, by whose clock days are counted, and for the session where it
// is not given by its id.
func (c *reportCommand) find(ctx context.Context, pool *pgxpool.Pool, r *request) (err error) {
	if r.filter.App, err = find.App(ctx, pool, string(c.App)); err != nil {
		return err
	}
	clock, err := find.Clock(ctx, pool, r.now, r.filter.App)
	if err != nil {
		return err
	}
	if c.View != "" && c.Person != "" { // the page about a person looks by itself, app by app
		if r.filter.Person, err = find.Person(ctx, pool, string(c.Person)); err != nil {
			return err
		}
	}
	if err := c.days(r, clock); err != nil || !c.seeks() {
		return err
	}
	if r.filter.App, err = knownApp(ctx, pool, r.filter.App); err != nil {
		return err
	}
	query := find.Query{App: r.filter.App, Title: string(c.Title), From: find.Bound{At: r.on.Start(clock), IsDay: true}, To: find.Bound{At: r.on.End(clock), IsDay: true}, Limit: someSessions}
	found, all, err := find.Sessions(ctx, pool, query)
	switch {
	case err != nil:
		return err
	case all == 0:
		return errors.New("no such session is in the warehouse; rollcall sessions lists those that are")
	case all > 1 && !c.Last.given:
		return several(found, all, c.On == "")
	}
	r.filter.Session, err = model.ParseUUID(found[0].ID)
	return err
}

// several refuses to guess which session is meant, and names them.
func several(found []find.Session, all int, onAnyDay bool) error {
	var named []string
	for i := range found {
		start := "no start"
		if found[i].StartsAt != nil {
			start = found[i].StartsAt.Format("2006-01-02 15:04Z")
		}
		named = append(named, found[i].ID+" ("+start+")")
	}
	if all > len(found) {
		named = append(named, fmt.Sprintf("and %d more", all-len(found)))
	}
	choose := "--last"
	if onAnyDay {
		choose = "--on DATE, --last"
	}
	return fmt.Errorf("%w: %d sessions fit; give %s, or --session with one of: %s", model.ErrUsage, all, choose, strings.Join(named, ", "))
}
