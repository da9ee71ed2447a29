// Package find turns what people know of an app or a session, such as its name, title
// or day, into what the warehouse knows it by.
package find

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/alike"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// Apps gives the ids of apps, each of which is named by its id or by its name, in any
// letters. What is neither is given back as it is, for whoever uses it to refuse. A
// name that several apps have is wrong usage.
func Apps(ctx context.Context, pool *pgxpool.Pool, names []string) ([]string, error) {
	if len(names) == 0 {
		return names, nil
	}
	apps, err := Known(ctx, pool)
	if err != nil {
		return nil, err
	}
	return AppsOf(apps, names)
}

// Known gives id and name of the apps of the warehouse, in the order of their ids; the
// name is empty where there is none.
func Known(ctx context.Context, pool *pgxpool.Pool) ([]model.App, error) {
	rows, err := pool.Query(ctx, `SELECT app_id, coalesce(name, '') FROM realtimekit.apps ORDER BY app_id`)
	if err != nil {
		return nil, postgres.Failed("read the apps", err)
	}
	apps, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (app model.App, err error) {
		return app, row.Scan(&app.ID, &app.Name)
	})
	return apps, postgres.Failed("read the apps", err)
}

// App is [Apps] for one name; an empty one is that of no app.
func App(ctx context.Context, pool *pgxpool.Pool, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	ids, err := Apps(ctx, pool, []string{name})
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// AppsOf is [Apps] among the given ones.
func AppsOf(apps []model.App, names []string) ([]string, error) {
	var ids []string
	for _, name := range names {
		id, err := appOf(apps, name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func appOf(apps []model.App, name string) (string, error) {
	var called []string
	key := alike.Key(name)
	for i := range apps {
		if apps[i].ID == name {
			return name, nil
		}
		if key != "" && alike.Key(apps[i].Name) == key {
			called = append(called, apps[i].ID)
		}
	}
	switch len(called) {
	case 0:
		return name, nil
	case 1:
		return called[0], nil
	}
	return "", fmt.Errorf("%w: several apps are called %q; give the id of one: %s", model.ErrUsage, name, strings.Join(called, ", "))
}
