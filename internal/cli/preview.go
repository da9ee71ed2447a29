package cli

import (
	"fmt"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/stores"
)

// preview says what a run or a backfill would do.
func (j *job) preview(plan pipeline.Plan) error {
	p := pipeline.New(j.api.pipelineConfig(), j.client, stores.New(newWarehouse(j.pool, j.logger)), j.logger)
	preview, err := p.Preview(j.shell.ctx, plan, j.api.PerPage)
	if err != nil && len(preview.Sessions) == 0 {
		return err
	}
	for i := range preview.Sessions {
		s := &preview.Sessions[i]
		fmt.Fprintf(j.shell.stdout, "%s  %s  %-5s  %s\n", s.ID, s.CreatedAt.Format(time.RFC3339), oneLine(s.Status), oneLine(s.MeetingTitle))
	}
	for _, id := range preview.Unfinished {
		fmt.Fprintf(j.shell.stdout, "%s  asked for by its id, since an earlier run could not finish it\n", id)
	}
	requests := preview.Listed + preview.Reading
	pace := j.client.Pace() // by now the answers have told of the quota
	seconds := float64(requests) / pace
	fmt.Fprintf(j.shell.stdout, "%s to read: about %s, %s at %.4g requests per second; nothing was written\n",
		plural(len(preview.Sessions)+len(preview.Unfinished), "session"), plural(requests, "request"), time.Duration(seconds*float64(time.Second)).Round(time.Second), pace)
	w := newScreen(j.shell)
	if preview.Waiting > 0 {
		printWaiting(w, preview.Waiting)
	}
	if plan.Kind == model.KindRun && (plan.Optional != pipeline.Optional{}) {
		w.put("", "not counted: the requests for enrolment, daily counts, recordings and peer reports")
	}
	printTooOld(w, preview.TooOld, preview.Horizon)
	return err // of an app that could not be listed
}
