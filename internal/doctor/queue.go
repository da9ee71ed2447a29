package doctor

import (
	"fmt"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/naming"
)

// longWait is how long a session that somebody asked for may wait before that is told.
const longWait = 10 * time.Minute

// queue tells whether what webhooks and lists ask for is read.
func queue(to *Checks, o *model.Overview) {
	q := o.Queue
	switch {
	case o.Standby:
		to.skip("only the primary knows which workers are alive", "queue")
		return
	case q == nil:
		to.ok("queue", "nothing is in it that this role may see: runs do the work")
		return
	}
	alive := isOrAre(q.Workers, "worker") + " alive"
	if waits := q.OldestAt != nil && o.At.Sub(*q.OldestAt) > longWait; waits {
		toDo := "the log of the workers and rollcall status say why: the token is refused, the request budget spent, or there are too few"
		if q.Workers == 0 {
			toDo = "start rollcall work: rollcall serve only queues what is to be read"
		}
		to.warn("queue", fmt.Sprintf("a session has waited since %s to be read, and %s", since(*q.OldestAt), alive), toDo)
		return
	}
	if q.Failing > 0 {
		to.warn("queue", isOrAre(q.Failing, "job")+" failing and tried again; "+alive, naming.Text("the column errors of rollcall_queue.river_job says why"))
		return
	}
	to.ok("queue", "no session has waited for long; %s", alive)
}
