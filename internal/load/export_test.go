package load

import "github.com/rollcall-etl/rollcall/internal/derive"

// HoldAtMost changes how many bytes of encoded rows may wait in memory, of one
// session and of all.
func (s *Store) HoldAtMost(session, all int64) { s.bounds = bounds{session, all} }

// Held gives how many bytes wait now.
func (s *Store) Held() int64 { return s.held.Load() }

// LeftOverSQL asks whether something of a session is stored.
const LeftOverSQL = leftOverSQL

// MoveOf gives what an event of that name does to a peer, as decode reads it.
func MoveOf(name string) int {
	h, event := heldRows{newRows(participantTable), newRows(eventTable)}, fullEvent
	event.Name = name
	h.participants.participant(&fullParticipant)
	h.events.event(&event)
	var s derive.Session
	h.decode(&s)
	return s.Events[0].Move
}
