package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/export"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// Options say how a page is written.
type Options struct {
	Zone    *time.Location // of clock times; nil for that of the app
	Now     time.Time      // when the page is made
	Version string         // of this program
}

// Limits of a page, so that it stays usable; the page says where one applied.
const (
	maxPeople   = 10_000 // rows of an attendance table
	maxNoShows  = 1_000
	maxSteps    = 5_000 // of a concurrency curve; beyond, the peak of each minute
	maxSessions = 1_000 // rows of a range's sessions table
)

// sessionHead is analytics.session_summary and where it comes from.
type sessionHead struct {
	SessionID                                     model.UUID
	AppID, AppName, MeetingID, Title              string
	SessionType, Status, EndsAtSource             string
	StartsAt, EndsAt                              *time.Time
	Seconds                                       *float64
	People, Participants, PeakPeople, PeakDevices int64
	VendorPeak                                    *int64
	PersonSeconds                                 float64
	VendorMinutes, AveragePeople, AverageShare    *float64
	Rejoins                                       int64
	OpenPresences, Removed                        int64
	Complete                                      bool
	ReadAt                                        *time.Time
	LastError                                     string
	RunID                                         *int64
	RunVersion, Zone                              string
}

const sessionSQL = `SELECT s.session_id, s.app_id, coalesce(s.app_name, ''), coalesce(s.meeting_id, ''), coalesce(s.meeting_title, ''),
	coalesce(s.session_type, ''), coalesce(s.status, ''), coalesce(s.ends_at_source, ''), s.starts_at, s.ends_at, s.session_seconds,
	coalesce(s.unique_people, 0), coalesce(s.participants, 0), coalesce(s.peak_people, 0), coalesce(s.peak_participants, 0),
	s.vendor_peak_participants, coalesce(s.person_seconds, 0), s.vendor_minutes, s.average_people, s.average_share,
	coalesce(s.rejoins, 0), coalesce(s.open_presences, 0), coalesce(s.removed_participants, 0), coalesce(s.is_complete, false),
	st.read_at, coalesce(st.last_error, ''), st.run_id, '', s.time_zone
	FROM analytics.session_summary AS s
	LEFT JOIN sync.session_states AS st ON st.session_id = s.session_id
	WHERE s.session_id = $1`

// versionSQL is a query of its own: Citus does not join the books of one node with the
// sessions of all.
const versionSQL = `SELECT program_version FROM sync.runs WHERE run_id = $1`

// person is a row of the attendance table, with the visits in it.
type person struct {
	personRow
	Stays []stay
}

// stay is a visit with devices merged.
type stay struct {
	From, To time.Time
	Open     bool // whether To is assumed
}

const peopleSQL = `SELECT person_id, coalesce(custom_participant_id, ''), coalesce(display_name, ''), coalesce(preset_name, ''),
	first_join_at, last_leave_at, present_seconds, visits, session_share, late_seconds, participants, is_inside, has_open_presence
	FROM analytics.person_attendance WHERE session_id = $1 ORDER BY first_join_at, person_id COLLATE "C" LIMIT $2`

const staysSQL = `SELECT p.person_id, lower(v), upper(v) FROM analytics.person_presence AS p CROSS JOIN LATERAL unnest(p.presence) AS v
	WHERE p.session_id = $1 ORDER BY 1, 2`

const openSQL = `SELECT person_id, left_at FROM analytics.participant_intervals WHERE session_id = $1 AND is_open`

// step is a step of the concurrency curve.
type step struct {
	At              time.Time
	People, Devices int64
}

const stepsSQL = `SELECT changed_at, present_people, present_participants FROM analytics.session_concurrency
	WHERE session_id = $1 ORDER BY changed_at`

const minutesSQL = `SELECT minute_at, peak_people, peak_participants FROM analytics.session_concurrency_minutely
	WHERE session_id = $1 ORDER BY minute_at`

// point is one of the eleven of analytics.session_drop_off.
type point struct {
	Percent               int
	At                    time.Time
	Present, Joined, Gone int64
	Share                 *float64
}

const pointsSQL = `SELECT elapsed_percent, point_at, present_people, joined_people, gone_people, present_share
	FROM analytics.session_drop_off WHERE session_id = $1 ORDER BY elapsed_percent`

// noShow is somebody who was enrolled and did not come.
type noShow struct {
	ID, CustomID, Name, Preset string
	WaitingRoom                bool
}

// A session may reach into several lessons: each has a row for everybody who was away, and
// who was away from one may have been at another.
const noShowsSQL = `SELECT person_id, coalesce(custom_participant_id, ''), coalesce(display_name, ''), coalesce(preset_name, ''),
	bool_or(was_in_waiting_room) FROM analytics.no_shows
	WHERE app_id = (SELECT app_id FROM analytics.session_bounds WHERE session_id = $1)
		AND meeting_id = (SELECT meeting_id FROM analytics.session_bounds WHERE session_id = $1) AND $1 = ANY (session_ids)
		AND NOT person_id = ANY ($3)
	GROUP BY person_id, custom_participant_id, display_name, preset_name
	ORDER BY display_name COLLATE "C", person_id COLLATE "C" LIMIT $2`

// Who was absent is known of a lesson, and of a meeting in which people are enrolled.
const (
	lessonSQL = `SELECT count(*) > 0 FROM (SELECT 1 FROM analytics.occurrences
	WHERE app_id = $1 AND meeting_id = $2 AND $3 = ANY (session_ids) LIMIT 1) AS lesson`
	enrolledSQL = `SELECT count(*) > 0 FROM (SELECT 1 FROM realtimekit.meeting_participants WHERE app_id = $1 AND meeting_id = $2 LIMIT 1) AS enrolled`
)

// finding is a row of analytics.data_quality.
type finding struct {
	Check            string
	Findings         int64
	Measured, Vendor *float64
}

const findingsSQL = `SELECT check_name, sum(findings)::bigint, max(measured_value), max(vendor_value)
	FROM analytics.data_quality WHERE session_id = $1 GROUP BY check_name ORDER BY check_name`

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
	said := fmt.Sprintf("session %q, %s", d.Head.Title, counted(d.Head.People, "person", "people"))
	return said, writePage(w, "session", sessionPage(&d, o))
}

// read runs queries in one transaction that sees one moment and writes nothing.
func read(ctx context.Context, pool *pgxpool.Pool, do func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, do)
}

// list runs a query and collects its rows by position.
func list[T any](ctx context.Context, tx pgx.Tx, into *[]T, sql string, args ...any) error {
	rows, err := tx.Query(ctx, sql, args...)
	if err == nil {
		*into, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	}
	if err != nil {
		return postgres.Failed("read the views", err)
	}
	return nil
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

// personRow is a person without the stays, which another view holds.
type personRow struct {
	ID, CustomID, Name, Preset string
	FirstJoin, LastLeave       time.Time
	Seconds                    float64
	Visits                     int64
	Share, Late                *float64
	Devices                    int64
	Inside, Open               bool
}

type stayRow struct {
	Person   string
	From, To time.Time
}

type openRow struct {
	Person string
	To     time.Time
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
