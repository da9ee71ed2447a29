package notify

import "time"

// Patience waits for the service for less than New gives it.
func (s *Sender) Patience(d time.Duration) { s.router.Timeout = d }
