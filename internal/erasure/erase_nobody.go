package erasure

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// nobodySQL lists them as analytics.person_of has them.
const nobodySQL = `SELECT a.app_id, unnest(coalesce(k.nobody_ids, '{guest,recorder}'))
	FROM realtimekit.apps AS a LEFT JOIN analytics.settings AS k ON k.app_id = a.app_id AND k.meeting_id = ''
	WHERE $1 = '' OR a.app_id = $1`

// nobody gives the ids that are nobody's, by the settings of the app, or of each where it is
// empty: with them others came too. Who means one gives it.
func (w finder) nobody(ctx context.Context, appID string) (map[personKey]bool, error) {
	rows, err := w.tx.Query(ctx, nobodySQL, appID)
	if err != nil {
		return nil, err
	}
	ids := make(map[personKey]bool)
	var k personKey
	_, err = pgx.ForEachRow(rows, []any{&k.appID, &k.id}, func() error {
		ids[k] = true
		return nil
	})
	return ids, err
}
