package report

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/alike"
	"github.com/rollcall-etl/rollcall/internal/export"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

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

// has reports whether a row of this person_id and user_id is the person's: by the user_id
// alone only where nobody else came with it.
func (w *somebody) has(app, person, user string, shared map[sharedID]bool) bool {
	return person == w.ID || person == user && slices.Contains(w.Users, user) && !shared[sharedID{app, user}]
}

// addRows takes those that are the person's; sessions and devices only within the range.
func (w *somebody) addRows(rows []ownRow, shared map[sharedID]bool) {
	for i := range rows {
		r := &rows[i]
		if !w.has(r.App, r.Person, r.User, shared) {
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

// addEnrolments takes those of the person.
func (w *somebody) addEnrolments(all []enrolment, shared map[sharedID]bool) {
	for i := range all {
		e := &all[i]
		if !w.has(e.App, e.Person, e.User, shared) {
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

// within reports whether the range has a day; what has none is in a range without limits.
func (w *somebody) within(day *time.Time) bool {
	if day == nil {
		return w.From.IsZero() && w.To.IsZero()
	}
	return !day.Before(w.From) && (w.To.IsZero() || day.Before(w.To))
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

func quoted(texts []string) string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = fmt.Sprintf("%q", text)
	}
	return strings.Join(all, ", ")
}
