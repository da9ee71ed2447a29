package cli

import (
	"time"

	"github.com/rollcall-etl/rollcall/internal/extract"
	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/postgres"
	"github.com/rollcall-etl/rollcall/internal/stores"
)

// preview says what a run or a backfill would do.
func (j *job) preview(plan pipeline.Plan) error {
	if err := postgres.CheckWrites(j.shell.ctx, j.pool); err != nil {
		return err // the shared budget could not be kept
	}
	p := pipeline.New(j.api.pipelineConfig(), j.client, stores.New(newWarehouse(j.pool, j.logger)), j.logger)
	preview, err := p.Preview(j.shell.ctx, plan, min(j.api.PerPage, extract.MostParticipants))
	if err != nil && len(preview.Sessions) == 0 {
		return err
	}
	w := newScreen(j.shell)
	for i := range preview.Sessions {
		s := &preview.Sessions[i]
		w.put(s.ID.String()+"  ", "%s  %-5s  %s", s.CreatedAt.Format(time.RFC3339), s.Status, s.MeetingTitle)
	}
	for _, id := range preview.Unfinished {
		w.put(id.String()+"  ", "asked for by its id, since an earlier run could not finish it")
	}
	requests := preview.Listed + preview.Reading
	pace := j.client.Pace() // by now the answers have told of the quota
	seconds := float64(requests) / pace
	w.put("", "%s to read: about %s, %s at %.4g requests per second; nothing was written",
		plural(len(preview.Sessions)+len(preview.Unfinished), "session"), plural(requests, "request"), time.Duration(seconds*float64(time.Second)).Round(time.Second), pace)
	if preview.Waiting > 0 {
		printWaiting(w, preview.Waiting)
	}
	if plan.Kind == model.KindRun && (plan.Optional != pipeline.Optional{}) {
		w.put("", "not counted: the requests for enrolment, daily counts, recordings and peer reports")
	}
	printTooOld(w, preview.TooOld, preview.Horizon)
	return err // of an app that could not be listed
}
