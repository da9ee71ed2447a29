package worker

import "time"

// SetRefusedPause lets a worker stand aside for so long where its token is refused once.
func (w *Worker) SetRefusedPause(d time.Duration) { w.refusedPause = d }
