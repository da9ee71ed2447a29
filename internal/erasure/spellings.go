package erasure

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/alike"
	"github.com/rollcall-etl/rollcall/internal/model"
)

// Spellings says what becomes of custom ids that look like a given one, as [alike.Key] has
// it: they may be the same person's, or another's.
type Spellings int

// What becomes of them.
const (
	AskSpellings   Spellings = iota // nobody is erased where there are any
	KeepSpellings                   // they are somebody else's
	EraseSpellings                  // they are the person's
)

// Of the letters of ASCII every server knows which are the same; what has others, or a
// space, is compared here.
const spellingsSQL = `SELECT DISTINCT custom_participant_id
	FROM (SELECT p.custom_participant_id, s.app_id FROM realtimekit.participants AS p JOIN realtimekit.sessions AS s USING (session_id)
	      UNION ALL
	      SELECT custom_participant_id, app_id FROM realtimekit.meeting_participants) AS t
	WHERE (lower(custom_participant_id COLLATE "C") = ANY ($1) OR custom_participant_id ~ '[^!-~]') AND ($2 = '' OR app_id = $2)
	ORDER BY 1`

// spellings looks for them.
func (w finder) spellings(ctx context.Context) error {
	if len(w.CustomIDs) == 0 || w.Spellings == KeepSpellings && !slices.ContainsFunc(w.CustomIDs, isUUID) {
		return nil
	}
	rows, err := w.tx.Query(ctx, spellingsSQL, alike.Keys(w.CustomIDs...), w.AppID)
	if err != nil {
		return err
	}
	stored, err := pgx.CollectRows(rows, pgx.RowTo[string])
	others := alike.Others(stored, w.CustomIDs...)
	if err != nil || len(others) == 0 {
		return err
	}
	same := slices.DeleteFunc(slices.Clone(others), func(id string) bool { return !isUUID(id) })
	if w.Spellings == KeepSpellings {
		if len(same) == 0 {
			return nil
		}
		return fmt.Errorf("%w: a UUID is the same in upper and lower case, so --exact-spelling cannot leave what is stored as: %s", model.ErrUsage, quoted(same))
	}
	if w.Spellings == EraseSpellings {
		same = others
	}
	w.CustomIDs = slices.Concat(w.CustomIDs, same)
	if len(same) == len(others) {
		return nil
	}
	w.counts.OtherSpellings = quoted(slices.DeleteFunc(others, isUUID))
	if w.DryRun {
		return nil
	}
	return fmt.Errorf("%w: other spellings of what was given are stored: %s; erase them too with --all-spellings, or leave them with --exact-spelling",
		model.ErrUsage, w.counts.OtherSpellings)
}

// isUUID reports whether an id is a UUID: in whatever case, it is the same.
func isUUID(id string) bool {
	_, err := model.ParseUUID(id)
	return err == nil
}

func quoted(ids []string) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = fmt.Sprintf("%q", id)
	}
	return strings.Join(texts, ", ")
}
