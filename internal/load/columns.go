package load

import (
	"strings"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// column is one that the API gives: its name, and its type in Postgres.
type column struct{ name, kind string }

// table is what the API gives of a kind of record, its keys first. Staging table, COPY,
// comparison and update are made of this list; the encoder beside it, which a loop over
// the list would make two to three times slower, has its order.
type table struct {
	keys    int // columns of which none may be null
	columns []column
}

var participantTable = table{1, []column{
	{"participant_id", "uuid"},
	{"user_id", "text"},
	{"custom_participant_id", "text"},
	{"display_name", "text"},
	{"preset_name", "text"},
	{"joined_at", "timestamptz"},
	{"left_at", "timestamptz"},
	{"duration_minutes", "double precision"},
	{"created_at", "timestamptz"},
	{"updated_at", "timestamptz"},
	{"extra", "jsonb"},
	{"repairs", "jsonb"},
}}

// participant encodes a record, in the order of participantTable.
func (r *rows) participant(p *model.Participant) {
	r.UUID(p.ID)
	r.Text(p.UserID)
	r.Text(p.CustomParticipantID)
	r.Text(p.DisplayName)
	r.Text(p.PresetName)
	r.Time(p.JoinedAt)
	r.Time(p.LeftAt)
	r.Number(p.DurationMinutes)
	r.Time(p.CreatedAt)
	r.Time(p.UpdatedAt)
	r.JSON(p.Extra)
	r.JSON(p.Repairs.JSON())
	r.end()
}

var eventTable = table{2, []column{
	{"participant_id", "uuid"},
	{"event_id", "uuid"},
	{"event_name", "text"},
	{"peer_id", "text"},
	{"socket_session_id", "text"},
	{"preset_view_type", "text"},
	{"minutes_consumed", "double precision"},
	{"created_at", "timestamptz"},
	{"updated_at", "timestamptz"},
	{"own_ids", "integer"},
	{"extra", "jsonb"},
	{"repairs", "jsonb"},
}}

// event encodes a record, in the order of eventTable.
func (r *rows) event(e *model.PeerEvent) {
	r.UUID(e.ParticipantID)
	r.UUID(e.ID)
	r.Text(e.Name)
	r.Text(e.PeerID)
	r.Text(e.SocketSessionID)
	r.Text(e.PresetViewType)
	r.Number(e.MinutesConsumed)
	r.Time(e.CreatedAt)
	r.Time(e.UpdatedAt)
	r.OwnIDs(e.OwnIDs)
	r.JSON(e.Extra)
	r.JSON(e.Repairs.JSON())
	r.end()
}

// rejectedTable is staged only: sql/set_aside_staged.sql names what becomes of it. Copies
// of a record are told apart there.
var rejectedTable = table{1, []column{
	{"entity", "text"},
	{"app_id", "text"},
	{"session_id", "uuid"},
	{"record_key", "text"},
	{"reason", "text"},
	{"raw_text", "text"},
}}

// rejected encodes a record, in the order of rejectedTable.
func (r *rows) rejected(record *model.Rejected) {
	r.Text(record.Entity)
	r.Text(record.AppID)
	r.UUIDOrNull(record.SessionID)
	r.Text(record.Key)
	r.Text(record.Reason)
	r.Text(record.Raw)
	r.end()
}

// copied is the number of columns of a row in COPY, behind the two that the API does
// not give.
func (t *table) copied() uint16 { return uint16(2 + len(t.columns)) } //nolint:gosec // a dozen

// copyInto gives the statement by which rows go into a table, behind the two columns
// that are named.
func (t *table) copyInto(target, before string) string {
	return "COPY " + target + " (" + before + ", " + t.list(0, "") + ") FROM STDIN (FORMAT binary)"
}

// definitions gives the columns as CREATE TABLE wants them.
func (t *table) definitions() string {
	var lines []string
	for i, c := range t.columns {
		line := c.name + " " + c.kind
		if i < t.keys {
			line += " NOT NULL"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, ",\n    ")
}

// statement puts the columns into a statement: {columns} are all, {s.columns} those of
// what is staged, {s.values} and {t.values} those that are no keys, of what is staged
// and what is stored, and {assigned} sets the latter to the former.
func (t *table) statement(text string) string {
	var assigned []string
	for _, c := range t.columns[t.keys:] {
		assigned = append(assigned, c.name+" = s."+c.name)
	}
	return strings.NewReplacer(
		"{columns}", t.list(0, ""), "{s.columns}", t.list(0, "s."),
		"{s.values}", t.list(t.keys, "s."), "{t.values}", t.list(t.keys, "t."),
		"{assigned}", strings.Join(assigned, ",\n    "),
	).Replace(text)
}

// list gives the names of the columns from one on.
func (t *table) list(from int, prefix string) string {
	var names []string
	for _, c := range t.columns[from:] {
		names = append(names, prefix+c.name)
	}
	return strings.Join(names, ", ")
}
