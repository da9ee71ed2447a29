package load

// HoldAtMost changes how many bytes of encoded rows may wait in memory, of one
// session and of all.
func (s *Store) HoldAtMost(session, all int64) { s.bounds = bounds{session, all} }

// Held gives how many bytes wait now.
func (s *Store) Held() int64 { return s.held.Load() }

// LeftOverSQL asks whether something of a session is stored.
const LeftOverSQL = leftOverSQL
