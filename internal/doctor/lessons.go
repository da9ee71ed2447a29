package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/rollcall-etl/rollcall/internal/inventory"
	"github.com/rollcall-etl/rollcall/internal/naming"
)

// lessons tells of excuses and lessons of the timetable that hold for nothing: an id with
// a space at its end, or in other letters, is none. Whose excuse it is it does not say.
func (c *Config) lessons(ctx context.Context, to *Checks, store *inventory.Store) {
	found, err := store.Unmatched(ctx, c.AccountID)
	if err != nil {
		to.failed("lessons", err, "")
		return
	}
	var wrong []string
	if len(found.Excuses) > 0 {
		var ids []string
		for _, id := range found.Excuses {
			ids = append(ids, fmt.Sprint(id))
		}
		wrong = append(wrong, naming.Text("rows of analytics.excuses whose person_id is nobody's in the views: excuse_id ")+some(ids))
	}
	if len(found.Meetings) > 0 {
		var ids []string
		for _, id := range found.Meetings {
			ids = append(ids, fmt.Sprintf("%q", id))
		}
		wrong = append(wrong, naming.Text("analytics.timetable, analytics.excuses or analytics.settings name meetings that are not in the warehouse: ")+some(ids))
	}
	if len(wrong) > 0 {
		to.warn("lessons", strings.Join(wrong, "; "), naming.Text("correct these rows: an id counts to the letter, and the person_id is that of analytics.register"))
		return
	}
	to.ok("lessons", "timetable, excuses and settings name people and meetings of the warehouse")
}
