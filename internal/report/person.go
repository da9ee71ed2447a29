package report

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/alike"
	"github.com/rollcall-etl/rollcall/internal/export"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// OnePerson says whom a page is about, and when: what began on a day of the app from From
// on and before To, both as midnights in UTC, of which a zero one is no limit.
type OnePerson struct {
	ID, App  string // App: empty for the only one that has the person
	From, To time.Time
}

// Rows that have the id in any column; whose each is the one rule of the views says.
const ownRowsSQL = `WITH k AS (
	SELECT session_id, participant_id FROM realtimekit.participants WHERE custom_participant_id = $2
	UNION SELECT session_id, participant_id FROM realtimekit.participants WHERE user_id = $2
	UNION SELECT session_id, participant_id FROM realtimekit.participants WHERE participant_id = $3)` + rowsOfAppSQL

// Rows that have one of the user_ids, and no id of the customer's.
const anonymousRowsSQL = `WITH k AS (
	SELECT session_id, participant_id FROM realtimekit.participants WHERE user_id = ANY ($2) AND custom_participant_id IS NULL)` + rowsOfAppSQL

// The rows of k; of the app $1, where that is not empty. The latest come first.
const rowsOfAppSQL = ` SELECT p.session_id, p.participant_id, s.app_id, coalesce(a.name, ''), coalesce(s.meeting_id, ''), coalesce(s.started_at, s.created_at),
	coalesce(p.user_id, ''), coalesce(p.custom_participant_id, ''), coalesce(p.display_name, ''), coalesce(w.person_id, ''),
	analytics.day_of(coalesce(s.started_at, s.created_at), coalesce(t.time_zone, z.time_zone))
	FROM k
	JOIN realtimekit.participants AS p ON p.session_id = k.session_id AND p.participant_id = k.participant_id
	JOIN realtimekit.sessions AS s ON s.session_id = k.session_id
	JOIN realtimekit.apps AS a ON a.app_id = s.app_id
	LEFT JOIN analytics.settings AS t ON t.app_id = s.app_id AND t.meeting_id = ''
	LEFT JOIN sync.account_zones AS z ON z.account_id = a.account_id
	CROSS JOIN LATERAL (SELECT analytics.person_of(t.person_by, t.nobody_ids, t.machine_presets, t.machine_names,
		p.custom_participant_id, p.user_id, p.participant_id, p.preset_name, p.display_name) AS person_id) AS w
	WHERE $1 = '' OR s.app_id = $1 ORDER BY 6 DESC NULLS LAST, 1, 2`

type ownRow struct {
	Session, Participant       model.UUID
	App, AppName, Meeting      string
	At                         *time.Time
	User, Custom, Name, Person string
	Day                        *time.Time // of the app, as a midnight in UTC
}

// Enrolments by the id, and by the user_ids with which the person came.
const enrolmentsSQL = `SELECT m.app_id, a.name, m.meeting_id, m.meeting_participant_id, coalesce(m.custom_participant_id, ''), coalesce(m.display_name, ''), coalesce(w.person_id, '')
	FROM realtimekit.meeting_participants AS m
	JOIN realtimekit.apps AS a ON a.app_id = m.app_id
	LEFT JOIN analytics.settings AS t ON t.app_id = m.app_id AND t.meeting_id = ''
	CROSS JOIN LATERAL (SELECT analytics.person_of(t.person_by, t.nobody_ids, t.machine_presets, t.machine_names,
		m.custom_participant_id, m.meeting_participant_id, NULL, m.preset_name, m.display_name) AS person_id) AS w
	WHERE (m.custom_participant_id = $1 OR m.meeting_participant_id = $1 OR m.meeting_participant_id = ANY ($2)) AND ($3 = '' OR m.app_id = $3)
	ORDER BY 1, 2, 3, 4`

// Of these user_ids those with which somebody else came; who is known by nothing but the
// user_id need not be.
const sharedSQL = `SELECT DISTINCT s.app_id, q.user_id
	FROM realtimekit.participants AS q JOIN realtimekit.sessions AS s ON s.session_id = q.session_id
	LEFT JOIN analytics.settings AS t ON t.app_id = s.app_id AND t.meeting_id = ''
	CROSS JOIN LATERAL (SELECT analytics.person_of(t.person_by, t.nobody_ids, t.machine_presets, t.machine_names,
		q.custom_participant_id, q.user_id, q.participant_id, q.preset_name, q.display_name) AS person_id) AS w
	WHERE q.user_id = ANY ($2) AND NOT coalesce(w.person_id, '') IN ($1, q.user_id)`

type sharedID struct{ App, User string }

type enrolment struct {
	App                                 string
	AppName                             *string
	Meeting, User, Custom, Name, Person string
}

// Of the letters of ASCII every server knows which are the same; what has others, or a
// space, is compared here.
const spellingsSQL = `SELECT DISTINCT custom_participant_id
	FROM (SELECT p.custom_participant_id, s.app_id FROM realtimekit.participants AS p JOIN realtimekit.sessions AS s ON s.session_id = p.session_id
	      UNION ALL
	      SELECT custom_participant_id, app_id FROM realtimekit.meeting_participants) AS t
	WHERE (lower(custom_participant_id COLLATE "C") = $1 OR custom_participant_id ~ '[^!-~]') AND ($2 = '' OR app_id = $2) ORDER BY 1`

// somebody is a person of an app, with what is stored of them.
type somebody struct {
	OnePerson

	AppName            string
	IDs                []string // as which the views may know them: the person's own first
	Users, Customs     []string
	Names              []string // the latest first
	Sessions, Devices  []model.UUID
	Meetings           []string
	EnrolledIn, Enrols []string // meeting and user_id, side by side
	spellings          []string
	others             []string // people whose rows have the id in another column
	apps               []string
	zone               string             // in which the days of the app are cut
	from, to           pgtype.Timestamptz // where those of the range begin and end
}

// find looks for the person.
func (w *somebody) find(ctx context.Context, tx pgx.Tx) error {
	if err := export.KnownApp(ctx, tx, w.App); err != nil {
		return err
	}
	rows, enrolments, err := w.stored(ctx, tx)
	if folded := model.FoldID(w.ID); err == nil && folded != w.ID && !isPerson(w.ID, rows, enrolments) {
		// The vendor's ids are stored in lower case, and may be copied from where they are not.
		w.ID = folded
		rows, enrolments, err = w.stored(ctx, tx)
	}
	if err != nil {
		return err
	}
	shared, err := w.shared(ctx, tx)
	if err != nil {
		return err
	}
	spelt, err := tx.Query(ctx, spellingsSQL, alike.Key(w.ID), w.App)
	if err == nil {
		var stored []string
		stored, err = pgx.CollectRows(spelt, pgx.RowTo[string])
		w.spellings = alike.Others(stored, w.ID)
	}
	if err != nil {
		return postgres.Failed("look for other spellings", err)
	}
	w.IDs = []string{w.ID}
	w.addRows(rows, shared)
	w.addEnrolments(enrolments, shared)
	if err := w.known(); err != nil {
		return err
	}
	err = tx.QueryRow(ctx, `SELECT analytics.zone_of($1)`, w.App).Scan(&w.zone)
	if err == nil {
		w.from, w.to, err = export.Bounds(ctx, tx, w.From, w.To, w.zone)
	}
	return postgres.Failed("look for the days of the app", err)
}

// stored reads what has the id.
func (w *somebody) stored(ctx context.Context, tx pgx.Tx) (rows []ownRow, enrolments []enrolment, err error) {
	var id *model.UUID
	if uuid, err := model.ParseUUID(w.ID); err == nil {
		id = &uuid
	}
	if err := list(ctx, tx, &rows, ownRowsSQL, w.App, w.ID, id); err != nil {
		return nil, nil, err
	}
	w.Users = []string{}
	for i := range rows {
		if r := &rows[i]; r.Person == w.ID {
			w.Users = addTo(w.Users, r.User)
		}
	}
	if len(w.Users) > 0 {
		var anonymous []ownRow
		if err := list(ctx, tx, &anonymous, anonymousRowsSQL, w.App, w.Users); err != nil {
			return nil, nil, err
		}
		for i := range anonymous {
			if r := &anonymous[i]; r.Person == r.User && r.Person != w.ID {
				rows = append(rows, *r)
			}
		}
		slices.SortStableFunc(rows, latestFirst)
	}
	return rows, enrolments, list(ctx, tx, &enrolments, enrolmentsSQL, w.ID, w.Users, w.App)
}

// latestFirst orders rows as rowsOfAppSQL does: those without a time last.
func latestFirst(a, b ownRow) int {
	var at, other time.Time
	if a.At != nil {
		at = *a.At
	}
	if b.At != nil {
		other = *b.At
	}
	return other.Compare(at)
}

// isPerson reports whether what was found by an id is of a person with this very id.
func isPerson(id string, rows []ownRow, enrolments []enrolment) bool {
	return slices.ContainsFunc(rows, func(r ownRow) bool { return r.Person == id }) ||
		slices.ContainsFunc(enrolments, func(e enrolment) bool { return e.Person == id })
}

// addTo adds a text that is new.
func addTo(all []string, text string) []string {
	if text == "" || slices.Contains(all, text) {
		return all
	}
	return append(all, text)
}

// addRows takes what is the person's, within the range: by the user_id alone only where
// nobody else came with it.
func (w *somebody) addRows(rows []ownRow, shared map[sharedID]bool) {
	for i := range rows {
		r := &rows[i]
		if r.Person != w.ID && (r.Person != r.User || shared[sharedID{r.App, r.User}] || !slices.Contains(w.Users, r.User)) {
			if r.Custom == w.ID || r.User == w.ID || r.Participant.String() == w.ID {
				w.others = addTo(w.others, r.Person)
			}
			continue
		}
		w.apps, w.AppName, w.IDs = addTo(w.apps, r.App), r.AppName, addTo(w.IDs, r.Person)
		w.Users, w.Customs, w.Names = addTo(w.Users, r.User), addTo(w.Customs, r.Custom), addTo(w.Names, r.Name)
		if w.within(r.Day) {
			w.Sessions, w.Devices = append(w.Sessions, r.Session), append(w.Devices, r.Participant)
		}
		w.Meetings = addTo(w.Meetings, r.Meeting)
	}
}

// within reports whether the range has a day; what has none is in a range without limits.
func (w *somebody) within(day *time.Time) bool {
	if day == nil {
		return w.From.IsZero() && w.To.IsZero()
	}
	return !day.Before(w.From) && (w.To.IsZero() || day.Before(w.To))
}

// shared tells with which of the person's user_ids others came.
func (w *somebody) shared(ctx context.Context, tx pgx.Tx) (map[sharedID]bool, error) {
	shared := map[sharedID]bool{}
	if len(w.Users) == 0 {
		return shared, nil
	}
	var ids []sharedID
	err := list(ctx, tx, &ids, sharedSQL, w.ID, w.Users)
	for _, id := range ids {
		shared[id] = true
	}
	return shared, err
}

// addEnrolments takes those of the person: by the user_id alone only where nobody else came
// with it.
func (w *somebody) addEnrolments(all []enrolment, shared map[sharedID]bool) {
	for i := range all {
		e := &all[i]
		if e.Person != w.ID && (e.Person != e.User || shared[sharedID{e.App, e.User}] || !slices.Contains(w.Users, e.User)) {
			if e.Custom == w.ID || e.User == w.ID {
				w.others = addTo(w.others, e.Person)
			}
			continue
		}
		if e.AppName != nil {
			w.AppName = *e.AppName
		}
		w.apps, w.IDs = addTo(w.apps, e.App), addTo(w.IDs, e.Person)
		w.Users, w.Customs, w.Names = addTo(w.Users, e.User), addTo(w.Customs, e.Custom), addTo(w.Names, e.Name)
		w.Meetings = addTo(w.Meetings, e.Meeting)
		w.EnrolledIn, w.Enrols = append(w.EnrolledIn, e.Meeting), append(w.Enrols, e.User)
	}
}

// known refuses nobody, and people of several apps: the same id may be another's there.
func (w *somebody) known() error {
	switch {
	case len(w.apps) > 1:
		slices.Sort(w.apps)
		return fmt.Errorf("%w: several apps have a person %q, who need not be the same: give --app, one of: %s", model.ErrUsage, w.ID, strings.Join(w.apps, ", "))
	case len(w.apps) == 1:
		w.App = w.apps[0]
		return nil
	}
	hint := "; rollcall report --view people lists those that are"
	if len(w.others) > 0 {
		hint = "; participants with this id are, by the settings of the app, the person " + quoted(w.others)
	}
	if len(w.spellings) > 0 {
		hint = "; other spellings are: " + quoted(w.spellings)
	}
	return fmt.Errorf("no person %q is in the warehouse%s", w.ID, hint)
}

func quoted(texts []string) string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = fmt.Sprintf("%q", text)
	}
	return strings.Join(all, ", ")
}

// hint tells whoever asks, and not the page, that others may be the same person.
func (w *somebody) hint() (hint string) {
	if len(w.others) > 0 {
		hint = "; other participants with this id are, by the settings of the app, the person " + quoted(w.others)
	}
	if len(w.spellings) > 0 {
		hint += "; ids that look alike are people of their own: " + quoted(w.spellings)
	}
	return hint
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
