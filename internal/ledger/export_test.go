package ledger

import "time"

// BeatEvery changes how often the connection that holds a lock is tried.
func (s *Store) BeatEvery(d time.Duration) { s.heartbeat = d }
