package load

import "github.com/rollcall-etl/rollcall/internal/model"

// tally counts the rows of one session, table by table.
type tally struct {
	session, participants, events model.RowCounts
	other                         model.RowCounts // of an app that was salvaged
}

// reject counts a record that was set aside. An event whose participant could
// not be stored counts as an event.
func (t *tally) reject(entity string) {
	switch entity {
	case model.EntityPeerEvent:
		t.events.Rejected++
	case model.EntitySession:
		t.session.Rejected++
	default:
		t.participants.Rejected++
	}
}

// sum adds the tables up. A row that came twice in one reading counts as
// unchanged the second time.
func (t *tally) sum() model.RowCounts {
	all := t.session
	all.Add(t.participants)
	all.Add(t.events)
	all.Unchanged = max(all.Read-all.Inserted-all.Updated, 0)
	all.Add(t.other)
	return all
}

// Tables are the names under which Observe tells of rows: those of schema
// realtimekit.
var Tables = []string{
	"sessions", "participants", "peer_events", "meetings", "meeting_participants", "daily_stats", "peer_reports",
}

// tables gives the table of an entity; apps are not counted.
var tables = map[string]string{
	model.EntitySession: "sessions", model.EntityParticipant: "participants", model.EntityPeerEvent: "peer_events",
	model.EntityMeeting: "meetings", model.EntityMeetingParticipant: "meeting_participants",
	model.EntityDailyStats: "daily_stats", model.EntityPeerReport: "peer_reports",
}

// Observe names who is told what was committed to each table, by several
// goroutines at once. Call it before anything is stored.
func (s *Store) Observe(observe func(table string, rows model.RowCounts)) { s.observe = observe }

// tell hands on what a session's transaction committed.
func (s *Store) tell(t *tally) {
	for entity, rows := range map[string]model.RowCounts{
		model.EntitySession: t.session, model.EntityParticipant: t.participants, model.EntityPeerEvent: t.events,
	} {
		rows.Unchanged = max(rows.Read-rows.Inserted-rows.Updated, 0)
		s.tellOf(entity, rows)
	}
}

func (s *Store) tellOf(entity string, rows model.RowCounts) {
	if table := tables[entity]; s.observe != nil && table != "" && rows != (model.RowCounts{}) {
		s.observe(table, rows)
	}
}
