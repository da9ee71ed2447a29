package load

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/warehouse"
)

// SaveApps writes the listed apps; an unchanged one is not touched.
func (s *Store) SaveApps(ctx context.Context, run model.Run, apps []model.App) error {
	err := warehouse.Begin(ctx, s.pool, func(tx pgx.Tx) error {
		if err := saveApps(ctx, tx, run, apps); err != nil {
			return err
		}
		return resolveApps(ctx, tx, apps)
	})
	return warehouse.Failed("store the apps", err)
}

// EnsureApp makes the row of an app that was configured by id and has no session
// yet.
func (s *Store) EnsureApp(ctx context.Context, run model.Run, appID string) error {
	err := s.db.SendOne(ctx, `INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id)
		SELECT $1, $2, now(), now(), $3 WHERE NOT EXISTS (SELECT 1 FROM realtimekit.apps WHERE app_id = $1)
		ON CONFLICT (app_id) DO NOTHING`, appID, run.AccountID, run.ID)
	return warehouse.Failed("store app "+appID, err)
}

// appsChanged tells whether one of the apps has another row, or none. Where all are as they
// were nothing is written: Citus would lock the table on every node for that, in each run.
func appsChanged(ctx context.Context, tx pgx.Tx, apps []model.App) (changed bool, err error) {
	ids, accounts := make([]string, len(apps)), make([]string, len(apps))
	names, created := make([]pgtype.Text, len(apps)), make([]pgtype.Timestamptz, len(apps))
	extra, repairs := make([]pgtype.Text, len(apps)), make([]pgtype.Text, len(apps))
	for i := range apps {
		a := &apps[i]
		ids[i], accounts[i], names[i], created[i] = a.ID, a.AccountID, warehouse.Text(a.Name), warehouse.Time(a.CreatedAt)
		extra[i], repairs[i] = warehouse.Text(string(a.Extra)), warehouse.Text(string(a.Repairs.JSON()))
	}
	err = tx.QueryRow(ctx, `SELECT count(*) > 0
		FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[]) AS a (app_id, account_id, name, created_at, extra, repairs)
		LEFT JOIN realtimekit.apps AS t ON t.app_id = a.app_id
		WHERE t.app_id IS NULL OR (t.account_id, t.name, t.created_at, t.extra, t.repairs)
			IS DISTINCT FROM (a.account_id, a.name, a.created_at, a.extra::jsonb, a.repairs::jsonb)`,
		ids, accounts, names, created, extra, repairs).Scan(&changed)
	return changed, err
}

func saveApps(ctx context.Context, tx pgx.Tx, run model.Run, apps []model.App) error {
	changed, err := appsChanged(ctx, tx, apps)
	if err != nil || !changed {
		return err
	}
	batch := &pgx.Batch{}
	for i := range apps {
		a := &apps[i]
		batch.Queue(`INSERT INTO realtimekit.apps AS t (app_id, account_id, name, created_at, extra, repairs,
				first_synced_at, synced_at, run_id)
			SELECT $1, $2, $3, $4, $5, $6, now(), now(), $7
			WHERE NOT EXISTS (SELECT 1 FROM realtimekit.apps AS t WHERE t.app_id = $1
				AND (t.account_id, t.name, t.created_at, t.extra, t.repairs)
				    IS NOT DISTINCT FROM ($2, $3, $4::timestamptz, $5::jsonb, $6::jsonb))
			ON CONFLICT (app_id) DO UPDATE SET account_id = excluded.account_id, name = excluded.name, created_at = excluded.created_at,
				extra = excluded.extra, repairs = excluded.repairs, synced_at = excluded.synced_at, run_id = excluded.run_id`,
			a.ID, a.AccountID, warehouse.Text(a.Name), warehouse.Time(a.CreatedAt), warehouse.JSON(a.Extra), warehouse.JSON(a.Repairs.JSON()), run.ID)
	}
	return tx.SendBatch(ctx, batch).Close()
}

// resolveApps marks rejected apps that are stored now.
func resolveApps(ctx context.Context, tx pgx.Tx, apps []model.App) error {
	ids := make([]string, 0, len(apps))
	for i := range apps {
		ids = append(ids, strings.ToLower(apps[i].ID))
	}
	_, err := tx.Exec(ctx, `UPDATE sync.rejected_records SET resolved_at = now()
		WHERE entity = 'app' AND resolved_at IS NULL AND lower(record_key) = ANY ($1)`, ids)
	return err
}
