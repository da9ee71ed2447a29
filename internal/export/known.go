package export

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

const knownMeetingSQL = `SELECT EXISTS (SELECT 1 FROM realtimekit.meetings WHERE meeting_id = $1)`

// A person may be enrolled and never have come, or have waited and never been let in.
const knownPersonSQL = `SELECT EXISTS (SELECT 1 FROM analytics.person_presence WHERE person_id = $1)
	OR EXISTS (SELECT 1 FROM realtimekit.participants WHERE custom_participant_id = $1)
	OR EXISTS (SELECT 1 FROM realtimekit.participants WHERE user_id = $1)
	OR EXISTS (SELECT 1 FROM realtimekit.participants WHERE participant_id = $2)
	OR EXISTS (SELECT 1 FROM realtimekit.meeting_participants WHERE custom_participant_id = $1 OR meeting_participant_id = $1)`

// somebodys refuses a meeting or a person that the warehouse does not hold, where no row was
// found: an empty file would look like an answer.
func somebodys(ctx context.Context, tx pgx.Tx, f Filter) error {
	if f.Meeting != "" {
		var known bool
		if err := tx.QueryRow(ctx, knownMeetingSQL, f.Meeting).Scan(&known); err != nil {
			return postgres.Failed("look for the meeting", err)
		}
		if !known {
			return UnknownMeeting(f.Meeting)
		}
	}
	if f.Person == "" {
		return nil
	}
	var participant *model.UUID
	if id, err := model.ParseUUID(f.Person); err == nil {
		participant = &id
	}
	var known bool
	if err := tx.QueryRow(ctx, knownPersonSQL, f.Person, participant).Scan(&known); err != nil {
		return postgres.Failed("look for the person", err)
	}
	if !known {
		return fmt.Errorf("no person %q is in the warehouse; rollcall report --view people lists those that are", f.Person)
	}
	return nil
}

// UnknownMeeting says that the warehouse does not hold a meeting, and which it holds.
func UnknownMeeting(id string) error {
	return fmt.Errorf("meeting %q is not in the warehouse; rollcall report --view %s lists those that are", id, naming.Real("realtimekit.meetings"))
}
