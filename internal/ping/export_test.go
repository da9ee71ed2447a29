package ping

import "time"

// Patience bounds a ping by less than New does.
func (s *Switch) Patience(d time.Duration) { s.patience = d }
