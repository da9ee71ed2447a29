package inventory

import (
	"context"
	_ "embed"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

//go:embed sql/unmatched_meetings.sql
var unmatchedMeetingsSQL string

const excusedSQL = `SELECT x.excuse_id, x.app_id, x.person_id FROM analytics.excuses AS x JOIN realtimekit.apps AS a ON a.app_id = x.app_id
	WHERE a.account_id = $1 ORDER BY x.excuse_id`

const presentSQL = `SELECT DISTINCT f.app_id, p.person_id
	FROM analytics.session_people AS p JOIN analytics.session_figures AS f ON f.session_id = p.session_id WHERE p.person_id = ANY ($1)`

// As the views have it: who is enrolled under several ids is one of them.
const enrolledSQL = `SELECT DISTINCT m.app_id, analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names,
		m.custom_participant_id, m.meeting_participant_id, NULL, m.preset_name, m.display_name)
	FROM realtimekit.meeting_participants AS m LEFT JOIN analytics.settings AS k ON k.app_id = m.app_id AND k.meeting_id = ''
	WHERE m.custom_participant_id = ANY ($1) OR m.meeting_participant_id = ANY ($1)`

// Unmatched is what somebody entered into analytics.timetable and analytics.excuses and
// what holds for nothing, since no id is quite that.
type Unmatched struct {
	Excuses  []int64  // excuse_id of those for nobody
	Meetings []string // that are unknown
}

// excused is an excuse, and whose it is.
type excused struct {
	ID          int64
	App, Person string
}

// person is somebody of an app.
type person struct {
	App string
	ID  *string // null for a machine
}

// Unmatched looks for them among the apps of an account.
func (s *Store) Unmatched(ctx context.Context, accountID string) (u Unmatched, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		excuses, err := collect[excused](ctx, tx, excusedSQL, accountID)
		if err != nil {
			return err
		}
		if u.Excuses, err = forNobody(ctx, tx, excuses); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, unmatchedMeetingsSQL, accountID)
		if err != nil {
			return err
		}
		u.Meetings, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return u, warehouse.Failed("look for excuses and lessons of nobody", err)
}

// forNobody gives the excuses of people whom the app does not have.
func forNobody(ctx context.Context, tx pgx.Tx, excuses []excused) (ids []int64, err error) {
	if len(excuses) == 0 {
		return nil, nil
	}
	var named []string
	for _, x := range excuses {
		named = append(named, x.Person)
	}
	type key struct{ app, person string }
	known := map[key]bool{}
	for _, sql := range []string{presentSQL, enrolledSQL} {
		people, err := collect[person](ctx, tx, sql, named)
		if err != nil {
			return nil, err
		}
		for _, p := range people {
			if p.ID != nil {
				known[key{p.App, *p.ID}] = true
			}
		}
	}
	for _, x := range excuses {
		if !known[key{x.App, x.Person}] {
			ids = append(ids, x.ID)
		}
	}
	return ids, nil
}

// collect reads the rows of a query by position.
func collect[T any](ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}
