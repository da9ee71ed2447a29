package load

import "time"

// HoldAtMost changes how many bytes of encoded rows may wait in memory, of one
// session and of all.
func (s *Store) HoldAtMost(session, all int64) { s.bounds = bounds{session, all} }

// BeatEvery changes how often the connection that holds a lock is tried.
func (s *Store) BeatEvery(d time.Duration) { s.heartbeat = d }

// Held gives how many bytes wait now.
func (s *Store) Held() int64 { return s.held.Load() }

// CheckAtOnce changes how much a run looks at to find missing rows.
func (s *Store) CheckAtOnce(sessions, rows int) { s.check = checkBounds{sessions, rows} }

// CheckSQL is the statement that does so.
var CheckSQL = missingRowsSQL + moveCheckSQL + foundSQL
