package report

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/postgres"
)

// section is a member of the document: the rows of a view or table that are the
// person's, with every column that it has.
type section struct {
	name, sql string
	args      func(*somebody) []any
}

const ofDevices = ` AS t JOIN unnest($1::uuid[], $2::uuid[]) AS k (session, participant) ON t.session_id = k.session AND t.participant_id = k.participant`

func devices(w *somebody) []any  { return []any{w.Sessions, w.Devices} }
func sessions(w *somebody) []any { return []any{w.IDs, w.Sessions} }

// sections are those of the views, then those of the records.
var sections = []section{
	{"register", `SELECT * FROM analytics.register WHERE ` + ownLessons + ` ORDER BY starts_at, occurrence_id`, (*somebody).lessonArgs},
	{"attendance", `SELECT * FROM analytics.person_attendance WHERE person_id = ANY ($1) AND session_id = ANY ($2) ORDER BY session_starts_at, session_id`, sessions},
	{"intervals", `SELECT t.* FROM analytics.participant_intervals` + ofDevices + ` ORDER BY t.joined_at, t.participant_id, t.left_at`, devices},
	{"call_quality", `SELECT * FROM analytics.call_quality WHERE person_id = ANY ($1) AND session_id = ANY ($2) ORDER BY session_id`, sessions},
	{"participants", `SELECT t.* FROM realtimekit.participants` + ofDevices + ` ORDER BY t.session_id, t.participant_id`, devices},
	{"peer_events", `SELECT t.* FROM realtimekit.peer_events` + ofDevices + ` ORDER BY t.session_id, t.participant_id, t.created_at, t.event_id`, devices},
	{"peer_reports", `SELECT t.* FROM realtimekit.peer_reports` + ofDevices + ` ORDER BY t.session_id, t.participant_id`, devices},
	{"peer_report_states", `SELECT t.* FROM sync.peer_report_states` + ofDevices + ` ORDER BY t.session_id, t.participant_id`, devices},
	{"meeting_participants", `SELECT t.* FROM realtimekit.meeting_participants AS t
		JOIN unnest($2::text[], $3::text[]) AS k (meeting, id) ON t.meeting_id = k.meeting AND t.meeting_participant_id = k.id
		WHERE t.app_id = $1 ORDER BY t.meeting_id, t.meeting_participant_id`, func(w *somebody) []any { return []any{w.App, w.EnrolledIn, w.Enrols} }},
	{
		"excuses", `SELECT * FROM analytics.excuses WHERE app_id = $1 AND person_id = ANY ($2) AND ends_at > $3 AND starts_at < $4 ORDER BY starts_at, excuse_id`,
		func(w *somebody) []any { return []any{w.App, w.IDs, w.from, w.to} },
	},
}

// head is what the document begins with.
type head struct {
	MadeAt             time.Time `json:"made_at"`
	MadeBy             string    `json:"made_by"`
	From               *string   `json:"from"` // days, both included; null for no limit
	To                 *string   `json:"to"`
	AppID              string    `json:"app_id"`
	AppName            string    `json:"app_name"`
	PersonID           string    `json:"person_id"`
	DisplayNames       []string  `json:"display_names"`
	CustomParticipants []string  `json:"custom_participant_ids"`
	Users              []string  `json:"user_ids"`
}

// PersonJSON writes all that is stored of a person as one JSON object, and says in a few
// words what it has.
func PersonJSON(ctx context.Context, pool *pgxpool.Pool, w io.Writer, of OnePerson, o Options) (string, error) {
	who := somebody{OnePerson: of}
	out := bufio.NewWriterSize(w, 64<<10)
	var rows int64
	err := read(ctx, pool, func(tx pgx.Tx) error {
		if err := who.find(ctx, tx); err != nil {
			return err
		}
		if err := o.live(who.zone); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `SELECT set_config('timezone', $1, true)`, o.Zone.String()); err != nil {
			return postgres.Failed("set the time zone", err)
		}
		text, err := json.Marshal(who.head(o))
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "{\n\"person\": %s", text)
		for _, s := range sections {
			n, err := s.write(ctx, tx, out, &who)
			if rows += n; err != nil {
				return err
			}
		}
		fmt.Fprint(out, "\n}\n")
		return out.Flush()
	})
	return counted(rows, "row", "rows") + " of a person" + who.hint(), err
}

// write streams the rows, as the database writes them, and counts them.
func (s section) write(ctx context.Context, tx pgx.Tx, out io.Writer, who *somebody) (n int64, err error) {
	// The rows first: the nodes of a cluster would write times as their own clocks show them.
	rows, err := tx.Query(ctx, `WITH t AS MATERIALIZED (`+s.sql+`) SELECT to_json(t)::text FROM t`, s.args(who)...)
	if err != nil {
		return 0, postgres.Failed("read "+s.name, err)
	}
	fmt.Fprintf(out, ",\n%q: [", s.name)
	var text string
	_, err = pgx.ForEachRow(rows, []any{&text}, func() error {
		if n++; n > 1 {
			text = "," + text
		}
		_, err := fmt.Fprintf(out, "\n%s", text)
		return err
	})
	if err != nil {
		return n, postgres.Failed("read "+s.name, err)
	}
	_, err = fmt.Fprint(out, "]")
	return n, err
}

func (w *somebody) head(o Options) head {
	h := head{
		MadeAt: o.Now.In(o.Zone), MadeBy: "rollcall " + o.Version, AppID: w.App, AppName: w.AppName, PersonID: w.ID,
		DisplayNames: append([]string{}, w.Names...), CustomParticipants: append([]string{}, w.Customs...), Users: append([]string{}, w.Users...),
	}
	if !w.From.IsZero() {
		from := w.From.Format(time.DateOnly)
		h.From = &from
	}
	if !w.To.IsZero() {
		to := w.To.AddDate(0, 0, -1).Format(time.DateOnly)
		h.To = &to
	}
	return h
}
