package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/export"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// sessionData is everything that the page of a session says.
type sessionData struct {
	Head     sessionHead
	People   []person
	Steps    []step
	ByMinute bool
	Points   []point
	Lesson   bool // whether the session is of a lesson
	Enrolled bool // whether anybody is known to be enrolled
	NoShows  []noShow
	Findings []finding
}

// Session writes the page of a session and says in a few words what is on it.
func Session(ctx context.Context, pool *pgxpool.Pool, w io.Writer, id model.UUID, o Options) (string, error) {
	var d sessionData
	err := read(ctx, pool, func(tx pgx.Tx) error { return d.load(ctx, tx, id) })
	if err == nil {
		err = o.live(d.Head.Zone)
	}
	if err != nil {
		return "", err
	}
	named := "session without a title"
	if strings.TrimSpace(d.Head.Title) != "" {
		named = fmt.Sprintf("session %q", d.Head.Title)
	}
	said := fmt.Sprintf("%s, %s", named, counted(d.Head.People, "person", "people"))
	return said, writePage(w, "session", sessionPage(&d, o))
}

func (d *sessionData) load(ctx context.Context, tx pgx.Tx, id model.UUID) error {
	rows, err := tx.Query(ctx, sessionSQL, id)
	if err == nil {
		d.Head, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[sessionHead])
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return export.UnknownSession(id)
	}
	if err == nil && d.Head.RunID != nil {
		err = tx.QueryRow(ctx, versionSQL, *d.Head.RunID).Scan(&d.Head.RunVersion)
		if errors.Is(err, pgx.ErrNoRows) {
			err = nil // the run is gone
		}
	}
	if err != nil {
		return postgres.Failed("read the session", err)
	}
	if err := d.loadPeople(ctx, tx, id); err != nil {
		return err
	}
	if err := list(ctx, tx, &d.Steps, stepsSQL, id); err != nil {
		return err
	}
	if len(d.Steps) > maxSteps {
		d.ByMinute = true
		if err := list(ctx, tx, &d.Steps, minutesSQL, id); err != nil {
			return err
		}
	}
	if err := list(ctx, tx, &d.Points, pointsSQL, id); err != nil {
		return err
	}
	there := make([]string, len(d.People))
	for i := range d.People {
		there[i] = d.People[i].ID
	}
	if err := list(ctx, tx, &d.NoShows, noShowsSQL, id, maxNoShows+1, there); err != nil {
		return err
	}
	if err := tx.QueryRow(ctx, lessonSQL, d.Head.AppID, d.Head.MeetingID, id).Scan(&d.Lesson); err != nil {
		return postgres.Failed("look for the lesson", err)
	}
	if err := tx.QueryRow(ctx, enrolledSQL, d.Head.AppID, d.Head.MeetingID).Scan(&d.Enrolled); err != nil {
		return postgres.Failed("look for who is enrolled", err)
	}
	return list(ctx, tx, &d.Findings, findingsSQL, id)
}

func (d *sessionData) loadPeople(ctx context.Context, tx pgx.Tx, id model.UUID) error {
	var people []personRow
	var stays []stayRow
	var open []openRow
	if err := list(ctx, tx, &people, peopleSQL, id, maxPeople); err != nil {
		return err
	}
	if err := list(ctx, tx, &stays, staysSQL, id); err != nil {
		return err
	}
	if err := list(ctx, tx, &open, openSQL, id); err != nil {
		return err
	}
	type end struct {
		person string
		at     int64
	}
	assumed := map[end]bool{}
	for _, o := range open {
		assumed[end{o.Person, o.To.UnixMicro()}] = true
	}
	byPerson := map[string][]stay{}
	for _, s := range stays {
		byPerson[s.Person] = append(byPerson[s.Person], stay{s.From, s.To, assumed[end{s.Person, s.To.UnixMicro()}]})
	}
	for i := range people {
		p := &people[i]
		own := byPerson[p.ID]
		if len(own) == 0 { // left in the instant of joining
			own = []stay{{From: p.FirstJoin, To: p.FirstJoin}}
		}
		d.People = append(d.People, person{*p, own})
	}
	return nil
}
