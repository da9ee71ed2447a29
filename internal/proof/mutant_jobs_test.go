package proof_test

// jobMutants break what workers promise.
var jobMutants = []mutant{
	{
		"a job ends a session that another worker has",
		"queue/claim.go", "case err == nil && !mine:", "case err == nil && !mine && id.IsZero():",
		"queue", "TestOnlyItsJobEndsASession",
	},
	{
		"a backfill that was given up goes on",
		"queue/chain.go", "|| bytes.Contains(ended.Metadata", "|| err != nil && bytes.Contains(ended.Metadata",
		"queue", "TestForgetBackfill",
	},
	{
		"webhooks wait behind backfills",
		"queue/queue.go", "AND priority > $2 AND", "AND priority > $2 + 9 AND",
		"queue", "TestWebhooksGoBeforeBackfills",
	},
	{
		"a checkpoint passes over a list that does not add up",
		"pipeline/chunk.go", "if !c.Unsound {", "if c.Size > 0 {",
		"worker", "TestUnsoundChunkIsListedAgain",
	},
	{
		"a full backfill by workers leaves alone what is settled",
		"ledger/books.go", "UPDATE sync.session_states AS t SET settled_at = NULL", "UPDATE sync.session_states AS t SET settled_at = t.settled_at",
		"worker", "TestQueuedBackfill",
	},
	{
		"quiet apps are asked for their daily counts",
		"pipeline/quiet.go", "return !w.unheard.IsZero() &&", "return w.unheard.IsZero() &&",
		"worker", "TestQuietAppsCostNoOptionalReads",
	},
	{
		"lists end when the worker began",
		"pipeline/shift.go", "run.StartedAt = s.clocks.now()", "run.StartedAt = s.run.StartedAt",
		"worker", "TestListsEndWithTheirJob",
	},
	{
		"ended jobs stay",
		"worker/worker.go", "CompletedJobRetentionPeriod: time.Hour,", "CompletedJobRetentionPeriod: -1,",
		"worker", "TestEndedJobsGo",
	},
	{
		"a killed process holds the budget for long",
		"extract/budget_state.go", "countedAfter = 15 * time.Second", "countedAfter = time.Minute",
		"extract", "TestKilledProcessIsForgotten",
	},
	{
		"what a killed process had in flight is not spent",
		"extract/budget_state.go", "max(l.Remaining-of.Requests, 0)", "max(l.Remaining-0*of.Requests, 0)",
		"extract", "TestRequestsOfAKilledProcessAreSpent",
	},
	{
		"sessions that are stored while the usage is counted are left out",
		"queue/usage.go", "	_, err = q.AskUsage(ctx)\n	return err", "	return nil",
		"queue", "TestUsageHasOneJob",
	},
	{
		"stored sessions ask for no usage",
		"queue/claim.go", "		if usage {", "		if usage && wanted < 0 {",
		"worker", "TestUsageFollowsSessions",
	},
	{
		"a turn that comes late is lost",
		"extract/budget_state.go", "s.FullAt.Before(now.Add(-lateness))", "s.FullAt.Before(now)",
		"extract", "TestBudgetSharesAnyQuota",
	},
	{
		"a webhook is answered before it is committed",
		"queue/inbox.go", "	b := i.join(ctx, key, e)\n	select {", "	b := i.join(ctx, key, e)\n	return webhook.Accepted, nil\n	select {",
		"proof", "TestReceiverKilledAtEachStep",
	},
	{
		"the settle window ends by the clock of a worker's machine",
		"pipeline/shift.go", "At: w.clocks.earliest(w.now())", "At: time.Now()",
		"worker", "TestAWeekOfWebhooks",
	},
	{
		"jobs for which the budget is spent are given up",
		"worker/jobs.go", "return river.JobSnooze(budgetWait(err))", "return river.JobCancel(err)",
		"worker", "TestAWeekOfWebhooks",
	},
	{
		"nobody wakes workers for jobs that waited",
		"worker/tour.go", "	go t.ring(ringing)\n", "	_ = ringing\n",
		"worker", "TestWorkersAreWokenForJobsThatWaited",
	},
	{
		"a worker puts jobs off by the clock of its machine",
		"worker/worker.go", "Test:                        river.TestConfig{Time: serverTime{t.now}},\n", "\n",
		"worker", "TestMachinesClockPutsNothingOff",
	},
	{
		"jobs are made due by the clock of a machine",
		"queue/clock.go", "s.ahead.Store(int64(time.Until(now)))", "s.ahead.Store(0 * int64(time.Until(now)))",
		"worker", "TestMachinesClockPutsNothingOff",
	},
}
