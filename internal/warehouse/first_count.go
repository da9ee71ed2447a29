package warehouse

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/pgcopy"
	"github.com/rollcall-etl/rollcall/internal/usage"
)

const (
	// worthwhile is from how many changed sessions on it is looked for days that are new:
	// for fewer, analytics.refresh alone takes fewer statements.
	worthwhile = 20
	// mostPeople bounds how many people of sessions are counted at once: their steps, some 100
	// bytes each, are in memory until all are read.
	mostPeople = 150_000
)

// refreshFewSQL is analytics.refresh, or -1 where so many sessions changed that it is
// worthwhile to look for days that are new.
const refreshFewSQL = `SELECT CASE WHEN (SELECT count(*) FROM (SELECT 1 FROM analytics.stale_sessions LIMIT $2) AS s) < $2
	THEN analytics.refresh($1) ELSE -1 END`

// firstCount is a transaction that counts days of which nothing is counted yet.
type firstCount struct {
	pgx.Tx

	other    func(context.Context) (pgx.Tx, error) // a transaction on another connection
	sessions []*derivedSession
	left     int // sessions of the batch that are for analytics.refresh
}

// little is how much garbage may lie beside what is in memory, in percent: the process is to
// stay about as large as it is while it loads.
const little = 20

// sparing is held while the collector's setting is little: it is one setting for the whole
// process, and of two callers at once each would restore that of the other.
var sparing sync.Mutex

// sparingly calls do while the garbage collector lets little garbage lie.
func sparingly(do func() error) error {
	sparing.Lock()
	defer sparing.Unlock()
	defer debug.SetGCPercent(debug.SetGCPercent(little))
	return do()
}

// countNewDays counts changed sessions on whose days nothing is counted yet, and gives how
// many these are, and how many of the batch are left to analytics.refresh, whose lock it
// holds. A crash anywhere in here leaves all as it was.
func (d *DB) countNewDays(ctx context.Context) (sessions, left int, err error) {
	err = sparingly(func() error {
		return Begin(ctx, d.Pool, func(tx pgx.Tx) error {
			c := firstCount{Tx: tx, other: d.Pool.Begin}
			err := c.choose(ctx)
			sessions, left = len(c.sessions), c.left
			if err != nil || sessions == 0 {
				return err
			}
			return c.count(ctx)
		})
	})
	return sessions, left, err
}

// choose takes sessions from the queue in the order of analytics.refresh, as many as a
// batch has and memory is for.
func (c *firstCount) choose(ctx context.Context) error {
	var free bool
	if err := c.QueryRow(ctx, tryAnalyticsSQL).Scan(&free); err != nil || !free {
		return err
	}
	// A plan that was made while the tables were small must not read them from end to end.
	if _, err := c.Exec(ctx, `SET LOCAL enable_seqscan = off`); err != nil {
		return err
	}
	changes, more, err := c.queued(ctx)
	if err != nil {
		return fmt.Errorf("read which sessions changed: %w", err)
	}
	sessions, err := c.derived(ctx, changes)
	if err != nil {
		return fmt.Errorf("read what sessions add to days: %w", err)
	}
	c.left += len(changes) - len(sessions) // those that are gone
	c.sessions = wholeDays(sessions, more)
	if err := c.leaveKnown(ctx); err != nil {
		return fmt.Errorf("look for days that are counted: %w", err)
	}
	var taken []int64
	for _, s := range c.sessions {
		taken = append(taken, changes[s.id]...)
	}
	_, err = c.Exec(ctx, `DELETE FROM analytics.stale_sessions WHERE change_id = ANY ($1)`, taken)
	return err
}

// queued gives the sessions that changed, and the ids of their changes, but not those that
// analytics.refresh is to derive anew, and whether there may be more.
func (c *firstCount) queued(ctx context.Context) (changes map[pgtype.UUID][]int64, more bool, err error) {
	rows, err := c.Query(ctx, `SELECT session_id, array_agg(change_id), bool_and(is_derived) FROM (
		SELECT session_id, change_id, is_derived FROM analytics.stale_sessions ORDER BY started_at NULLS FIRST, session_id LIMIT $1) AS s
		GROUP BY 1`, refreshBatch)
	if err != nil {
		return nil, false, err
	}
	changes = map[pgtype.UUID][]int64{}
	var id pgtype.UUID
	var own []int64
	var derived bool
	n := 0
	_, err = pgx.ForEachRow(rows, []any{&id, &own, &derived}, func() error {
		n += len(own)
		if derived {
			changes[id] = slices.Clone(own)
		} else {
			c.left++
		}
		return nil
	})
	return changes, n == refreshBatch, err
}

// countedSQL gives which days of sessions are to be left to analytics.refresh: the session
// was counted before, the day has something counted, or the app is in another time zone now.
const countedSQL = `SELECT d.no FROM unnest($1::uuid[], $2::text[], $3::date[], $4::text[]) WITH ORDINALITY AS d (session_id, app_id, usage_date, time_zone, no)
	WHERE EXISTS (SELECT 1 FROM analytics.session_dates AS t WHERE t.session_id = d.session_id)
	   OR EXISTS (SELECT 1 FROM analytics.stale_people AS t WHERE t.session_id = d.session_id)
	   OR EXISTS (SELECT 1 FROM analytics.session_dates AS t WHERE t.usage_date = d.usage_date AND t.app_id = d.app_id)
	   OR EXISTS (SELECT 1 FROM analytics.usage_days AS t WHERE t.usage_date = d.usage_date AND t.app_id = d.app_id)
	   OR EXISTS (SELECT 1 FROM analytics.usage_preset_days AS t WHERE t.usage_date = d.usage_date AND t.app_id = d.app_id)
	   OR EXISTS (SELECT 1 FROM analytics.usage_ids AS t WHERE t.usage_date = d.usage_date AND t.app_id = d.app_id)
	   OR EXISTS (SELECT 1 FROM analytics.usage_curves AS t WHERE t.usage_date = d.usage_date AND t.app_id = d.app_id)
	   OR EXISTS (SELECT 1 FROM analytics.shared_person_days AS t WHERE t.usage_date = d.usage_date AND t.app_id = d.app_id)
	   OR analytics.zone_of(d.app_id) <> d.time_zone`

// leaveKnown leaves out what is not counted for the first time.
func (c *firstCount) leaveKnown(ctx context.Context) error {
	var ids []pgtype.UUID
	var apps, zones []string
	var days []pgtype.Date
	for _, s := range c.sessions {
		for _, d := range s.Dates() {
			ids, apps, days, zones = append(ids, s.id), append(apps, s.App), append(days, Day(d)), append(zones, s.timeZone)
		}
	}
	fresh := make(map[pgtype.UUID]bool, len(c.sessions)) // that have days at all
	for _, id := range ids {
		fresh[id] = true
	}
	counted, err := collect[int](c.Query(ctx, countedSQL, ids, apps, days, zones))
	for _, n := range counted {
		fresh[ids[n-1]] = false
	}
	all := len(c.sessions)
	c.sessions = slices.DeleteFunc(c.sessions, func(s *derivedSession) bool { return !fresh[s.id] })
	c.left += all - len(c.sessions)
	return err
}

func collect[T any](rows pgx.Rows, err error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[T])
}

// wholeDays leaves out sessions that memory is not for, and where there are more than these
// the last day, some of whose sessions may still be queued: the next batch has all of it.
func wholeDays(sessions []*derivedSession, more bool) []*derivedSession {
	people := 0
	for i, s := range sessions {
		if people += s.people; people > mostPeople && i > 0 {
			sessions, more = sessions[:i], true
			break
		}
	}
	if n := len(sessions); more && n > 0 && sessions[0].Start < sessions[n-1].Start {
		last := sessions[n-1].Start
		sessions = slices.DeleteFunc(sessions, func(s *derivedSession) bool { return slices.Max(append(s.Dates(), s.Start)) >= last })
	}
	return sessions
}

// count counts the days of the sessions and stores what is kept of them.
func (c *firstCount) count(ctx context.Context) error {
	if err := c.zones(ctx); err != nil {
		return fmt.Errorf("ask when days begin: %w", err)
	}
	sessions := make([]*usage.Session, len(c.sessions))
	for i, s := range c.sessions {
		sessions[i] = &s.Session
	}
	who := newPeople(c.sessions)
	counter, err := c.inside(ctx, sessions, who)
	if err != nil {
		return err
	}
	if err := c.store(ctx, counter.Days(), who.own); err != nil {
		return fmt.Errorf("store what new days count: %w", err)
	}
	return nil
}

// inside stores what the sessions add to their days, and counts who was inside. The second
// connection, where there is one, is given back with its end.
func (c *firstCount) inside(ctx context.Context, sessions []*usage.Session, who *people) (*usage.Counter, error) {
	days, ready := usage.SessionDays(sessions), make(chan *usage.Counter, 1)
	shared, end := c.readAhead(ctx, who, ready)
	defer end()
	if err := pgcopy.Rows(ctx, c.Conn().PgConn(), copySessionDatesSQL, days, c.session); err != nil {
		return nil, fmt.Errorf("store what sessions add to new days: %w", err)
	}
	counter := usage.NewCounter(sessions, days)
	ready <- counter
	if shared == nil {
		shared = who.read(ctx, c.Tx, ready)
	}
	for people, err := range shared {
		if err == nil {
			err = c.copyShared(ctx, people)
		}
		if err != nil {
			return nil, fmt.Errorf("read who was inside: %w", err)
		}
	}
	return counter, nil
}
