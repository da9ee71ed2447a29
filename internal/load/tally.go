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

// tell hands on what a session's transaction committed.
func (s *Store) tell(t *tally) {
	for entity, rows := range map[string]model.RowCounts{
		model.EntitySession: t.session, model.EntityParticipant: t.participants, model.EntityPeerEvent: t.events,
	} {
		rows.Unchanged = max(rows.Read-rows.Inserted-rows.Updated, 0)
		s.db.Tell(entity, rows)
	}
}
