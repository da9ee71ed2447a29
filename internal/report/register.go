package report

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/export"
	"github.com/rollcall-etl/rollcall/internal/model"
)

// Lessons are those of a meeting that start on a day of the app from From on and before
// To, both as midnights in UTC.
type Lessons struct {
	Meeting, App string // App: empty for the only one that has the meeting
	From, To     time.Time
}

const meetingSQL = `SELECT app_id, coalesce(title, ''), analytics.zone_of(app_id) FROM realtimekit.meetings
	WHERE meeting_id = $1 AND ($2 = '' OR app_id = $2) ORDER BY app_id`

// meeting is a meeting of an app: the id may be the name of a room, which others have too.
type meeting struct{ App, Title, Zone string }

const registerSQL = `SELECT person_id, coalesce(display_name, ''), coalesce(preset_name, ''), occurrence_id::text, starts_at, is_final,
	status, has_left_early, is_excused, share
	FROM analytics.register
	WHERE meeting_id = $1 AND starts_at >= analytics.day_starts_at($2, time_zone) AND starts_at < analytics.day_starts_at($3, time_zone) AND app_id = $4
	ORDER BY starts_at, occurrence_id, person_id COLLATE "C"`

// entry is a row of analytics.register.
type entry struct {
	Person, Name, Preset, Lesson string
	StartsAt                     time.Time
	Final                        bool
	Status                       string
	Early, Excused               bool
	Share                        *float64
}

// registerView is what the page shows.
type registerView struct {
	Title, Range string
	DaysIn       string // the time zone of the days
	Lessons      []lesson
	People       []registered
}

// Lessons that fit beside each other onto a sheet of paper: together with the sums, or
// without them.
const (
	lessonsWithSums = 6
	lessonsABlock   = 10
)

// block is some of the lessons, from From on and before To, as a table of its own.
type block struct{ From, To int }

// First and Last give the lessons as people count them.
func (b block) First() int64 { return int64(b.From) + 1 }

// Last is the last lesson of the block.
func (b block) Last() int64 { return int64(b.To) }

// Blocks gives the tables of lessons that are printed in place of one that no paper has
// room for; none where it has.
func (v *registerView) Blocks() (all []block) {
	if len(v.Lessons) <= lessonsWithSums {
		return nil
	}
	for from := 0; from < len(v.Lessons); from += lessonsABlock {
		all = append(all, block{from, min(from+lessonsABlock, len(v.Lessons))})
	}
	return all
}

type lesson struct {
	StartsAt time.Time
	Final    bool
}

// registered is a person, with a cell for each lesson.
type registered struct {
	ID, Name, Preset                        string
	Cells                                   []cell
	Present, Late, Absent, Excused, Counted int
	Share                                   *float64 // mean over lessons that are not excused
}

// Attended gives the share in words.
func (p registered) Attended() string { return page{}.Percent(p.Share) }

// cell is a person in a lesson; its status is empty for who was neither enrolled nor there,
// and for who may still come.
type cell struct{ Status, Text string }

// Register writes the page of a meeting's register and says in a few words what is on it.
func Register(ctx context.Context, pool *pgxpool.Pool, w io.Writer, of Lessons, o Options) (string, error) {
	var in meeting
	var rows []entry
	err := read(ctx, pool, func(tx pgx.Tx) error {
		if err := export.KnownApp(ctx, tx, of.App); err != nil {
			return err
		}
		var err error
		if in, err = of.find(ctx, tx); err != nil {
			return err
		}
		return list(ctx, tx, &rows, registerSQL, of.Meeting, of.From, of.To, in.App)
	})
	if err == nil {
		err = o.live(in.Zone)
	}
	if err != nil {
		return "", err
	}
	v := registerOf(rows)
	v.DaysIn = in.Zone
	v.Title = nameOf(in.Title, of.Meeting)
	v.Range = of.From.Format(time.DateOnly) + " to " + of.To.AddDate(0, 0, -1).Format(time.DateOnly)
	p := page{Title: v.Title + ", " + v.Range, Now: o.Now, Made: o.Version, Zone: o.Zone, Register: v}
	said := counted(int64(len(v.Lessons)), "lesson", "lessons") + ", " + counted(int64(len(v.People)), "person", "people")
	return said, writePage(w, "register", p)
}

// find looks for the meeting. In another app the same people need not be the same.
func (l Lessons) find(ctx context.Context, tx pgx.Tx) (meeting, error) {
	var found []meeting
	if err := list(ctx, tx, &found, meetingSQL, l.Meeting, l.App); err != nil {
		return meeting{}, err
	}
	switch len(found) {
	case 0:
		return meeting{}, export.UnknownMeeting(l.Meeting)
	case 1:
		return found[0], nil
	}
	var apps []string
	for _, m := range found {
		apps = append(apps, m.App)
	}
	return meeting{}, fmt.Errorf("%w: several apps have a meeting %q: give --app, one of: %s", model.ErrUsage, l.Meeting, strings.Join(apps, ", "))
}

// registerOf turns the rows, which come by lesson, into people and lessons.
func registerOf(rows []entry) *registerView {
	v := &registerView{}
	of := map[string]int{}
	var people []registered
	key := ""
	for i := range rows {
		e := &rows[i]
		if k := e.Lesson + e.StartsAt.String(); k != key {
			key = k
			v.Lessons = append(v.Lessons, lesson{e.StartsAt, e.Final})
		}
		n, known := of[e.Person]
		if !known {
			n = len(people)
			of[e.Person] = n
			people = append(people, registered{ID: e.Person})
		}
		p := &people[n]
		p.Name, p.Preset = nameOf(e.Name, p.Name), e.Preset
		for len(p.Cells) < len(v.Lessons)-1 {
			p.Cells = append(p.Cells, cell{"", "–"})
		}
		p.Cells = append(p.Cells, p.count(e))
	}
	for i := range people {
		p := &people[i]
		for len(p.Cells) < len(v.Lessons) {
			p.Cells = append(p.Cells, cell{"", "–"})
		}
		if p.Share != nil {
			*p.Share /= float64(p.Counted)
		}
	}
	slices.SortStableFunc(people, func(a, b registered) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.ID, b.ID))
	})
	v.People = people
	return v
}

// count adds a lesson to the sums of the person and gives its cell. One that is not read
// completely is in no sum: who is away may still come, and who left come back.
func (p *registered) count(e *entry) cell {
	if !e.Final {
		e.Status, e.Early = soFar(e.Status), false
		return e.cell()
	}
	switch e.Status {
	case "absent":
		p.Absent++
	case "excused":
		p.Excused++
		return e.cell()
	case "late":
		p.Late++
		p.Present++
	default:
		p.Present++
	}
	p.Counted++
	if e.Share != nil {
		if p.Share == nil {
			p.Share = new(float64)
		}
		*p.Share += *e.Share
	}
	return e.cell()
}

// notYet is the status of who did not come to a lesson that is not read completely.
const notYet = "not yet"

// soFar gives what a status comes to in a lesson that is not read completely.
func soFar(status string) string {
	switch status {
	case "absent":
		return notYet
	case "left_early":
		return "present"
	}
	return status
}

func (e *entry) cell() cell {
	switch e.Status {
	case notYet:
		return cell{"", notYet}
	case "absent", "excused":
		return cell{e.Status, e.Status}
	}
	text := strings.Replace(page{}.Percent(e.Share), " ", "\u00a0", 1) // on one line, however narrow the cell
	switch {
	case e.Status == "late" && e.Early:
		text = "late, early " + text
	case e.Status == "late":
		text = "late " + text
	case e.Status == "left_early":
		text = "early " + text
	}
	return cell{e.Status, text}
}
