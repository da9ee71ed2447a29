package report

import (
	"context"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// OnePerson says whom a page is about, and when: what began on a day of the app from From
// on and before To, both as midnights in UTC, of which a zero one is no limit.
type OnePerson struct {
	ID, App  string // App: empty for the only one that has the person
	From, To time.Time
}

// personData is what the page is made of.
type personData struct {
	somebody

	lessons  []ownLesson
	sessions []ownSession
	stays    []stayRow
	seconds  float64
}

// Person writes the page about a person and says in a few words what is on it.
func Person(ctx context.Context, pool *pgxpool.Pool, w io.Writer, of OnePerson, o Options) (string, error) {
	d := personData{somebody: somebody{OnePerson: of}}
	if err := read(ctx, pool, func(tx pgx.Tx) error { return d.load(ctx, tx) }); err != nil {
		return "", err
	}
	if err := o.live(d.zone); err != nil {
		return "", err
	}
	v := d.view()
	p := page{Title: v.Title + ", " + v.Range, Now: o.Now, Made: o.Version, Zone: o.Zone, Person: v}
	said := counted(int64(len(v.Lessons)), "lesson", "lessons") + " and " + counted(int64(len(v.Visits)), "session", "sessions") + " of a person" + d.hint()
	return said, writePage(w, "person", p)
}

func (d *personData) load(ctx context.Context, tx pgx.Tx) error {
	if err := d.find(ctx, tx); err != nil {
		return err
	}
	if err := list(ctx, tx, &d.lessons, ownLessonsSQL, d.lessonArgs()...); err != nil {
		return err
	}
	if err := list(ctx, tx, &d.sessions, ownSessionsSQL, d.IDs, d.Sessions); err != nil {
		return err
	}
	if err := list(ctx, tx, &d.stays, ownStaysSQL, d.IDs, d.Sessions); err != nil {
		return err
	}
	return postgres.Failed("sum the time inside", tx.QueryRow(ctx, ownSecondsSQL, d.IDs, d.Sessions).Scan(&d.seconds))
}

// lessonArgs are the arguments of ownLessons.
func (w *somebody) lessonArgs() []any {
	return []any{w.App, w.Meetings, w.IDs, w.from, w.to}
}
