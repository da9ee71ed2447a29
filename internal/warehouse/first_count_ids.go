package warehouse

import (
	"context"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/pgcopy"
)

// dayOfApp is a day of an app, and idOfDay an id that somebody had on it.
type (
	dayOfApp struct {
		app string
		day int
	}
	idOfDay struct {
		dayOfApp

		id string
	}
)

// ownIDs are the ids that the customer's system gave people, each once on a day of an app.
// Whose session lasts over several days is left to analytics.ids_on: it knows with which
// id somebody was there on which.
type ownIDs struct {
	on      map[dayOfApp]map[string]struct{}
	counted []int // people of each session whose ids are here
}

func newOwnIDs(sessions int) *ownIDs {
	return &ownIDs{on: map[dayOfApp]map[string]struct{}{}, counted: make([]int, sessions)}
}

// add takes the ids of a person: the one, or several where these are known.
func (o *ownIDs) add(day dayOfApp, one []byte, several []string) {
	there := o.on[day]
	if there == nil {
		there = map[string]struct{}{}
		o.on[day] = there
	}
	for _, id := range several {
		there[id] = struct{}{}
	}
	if several != nil || one == nil {
		return
	}
	if _, known := there[string(one)]; !known { // mostly it is, and no string is made
		there[string(one)] = struct{}{}
	}
}

const (
	copyIDsSQL = `COPY analytics.usage_ids (app_id, usage_date, custom_participant_id) FROM STDIN (FORMAT binary)`
	// Of the days of these sessions nothing is kept but what was copied before.
	splitIDsSQL = `INSERT INTO analytics.usage_ids (app_id, usage_date, custom_participant_id)
		SELECT i.* FROM unnest(analytics.ids_on($1, (SELECT array_agg(d) FROM analytics.session_dates AS d WHERE d.session_id = ANY ($1)))) AS i
		ON CONFLICT DO NOTHING`
)

// storeIDs stores them, and those of the other people.
func (c *firstCount) storeIDs(ctx context.Context, own *ownIDs) error {
	var rows []idOfDay
	for day, ids := range own.on {
		for id := range ids {
			rows = append(rows, idOfDay{day, id})
		}
	}
	err := pgcopy.Rows(ctx, c.Conn().PgConn(), copyIDsSQL, rows, func(e *pgcopy.Encoder, r *idOfDay) {
		e.Columns(3)
		e.Text(r.app)
		e.Int32(r.day)
		e.Text(r.id)
	})
	if err != nil {
		return err
	}
	var split []pgtype.UUID
	for i, s := range c.sessions {
		if own.counted[i] < s.people {
			split = append(split, s.id)
		}
	}
	if len(split) == 0 {
		return nil
	}
	_, err = c.Exec(ctx, splitIDsSQL, split)
	return err
}
