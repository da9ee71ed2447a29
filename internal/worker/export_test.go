package worker

import "time"

// SetDeniedPause lets a worker stand aside for so long where its token is refused.
func (w *Worker) SetDeniedPause(d time.Duration) { w.deniedPause = d }
