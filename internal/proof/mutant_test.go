package proof_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mutant is the program with one promise broken, and the test that must see it.
type mutant struct {
	name     string
	file     string
	old, new string // old is there once
	pkg      string // in internal
	test     string
}

var mutants = []mutant{
	{
		"this machine's clock decides",
		"pipeline/clock.go", "began: machine(), server: server}", "began: machine()}",
		"pipeline", "TestMachinesClockDecidesNothing",
	},
	{
		"the API's Date is not heard",
		"pipeline/clock.go", "if d := *c.told - c.server; d.Abs() > clockTolerance {", "if d := *c.told - c.server; d.Abs() > 1<<62 {",
		"pipeline", "TestAPIsDateTellsThatTheDatabaseIsBehind",
	},
	{
		"sessions settle by a Date that is ahead",
		"pipeline/clock.go", "return t.Add(min(c.ahead(), 0))", "return t.Add(c.ahead())",
		"pipeline", "TestAPIsDateAhead",
	},
	{
		"a watermark of the future is believed",
		"pipeline/app.go", "case mark.After(w.listEnd().Add(clockTolerance)):", "case mark.Year() > 9999:",
		"pipeline", "TestTimesOfTheFutureHoldUpNobody",
	},
	{
		"a retry of the future is waited for",
		"ledger/books.go", "retry_at > now() AND retry_at <= now() + least(", "retry_at > now() AND now() <= now() + least(",
		"pipeline", "TestTimesOfTheFutureHoldUpNobody",
	},
	{
		"an endpoint that was asked in the future is left alone",
		"pipeline/optional.go", "if state.AskedAt.After(w.now()) {", "if state.AskedAt.Year() > 9999 {",
		"pipeline", "TestTimesOfTheFutureHoldUpNobody",
	},
	{
		"a checkpoint of the future is gone on from",
		"pipeline/backfill.go", "if checkpoint.After(w.pastSince()) {", "if checkpoint.Year() > 9999 {",
		"pipeline", "TestCheckpointOfTheFuture",
	},
	{
		"a commit whose answer was lost is believed",
		"load/session.go", "	if !committed {\n		return cause\n	}\n	return nil", "	_ = committed\n	return nil",
		"proof", "TestDatabaseCutAfterAnyByte",
	},
	{
		"a commit whose answer was lost is not looked up",
		"load/session.go", "	if !committed {", "	if true {",
		"proof", "TestCrashMatrix",
	},
	{
		"a commit whose answer was lost is made again",
		"load/session.go", "	return s.lookUp(ctx, load, err)",
		"	if load.intake.connect(ctx) != nil {\n		return s.lookUp(ctx, load, err)\n	}\n	return tryCommit(ctx, load.intake.conn, load)",
		"proof", "TestCrashMatrix",
	},
	{
		"a change is counted that is not there",
		"load/apply.go", "c.Inserted, c.Updated,", "c.Inserted, c.Updated+1,",
		"proof", "TestKilledAtAnyMoment",
	},
	{
		"a deadlock ends the run",
		"warehouse/again.go", "retry.WithMaxRetries(5,", "retry.WithMaxRetries(0,",
		"proof", "TestDeadlock",
	},
	{
		"a lock time-out ends the run",
		"warehouse/again.go", ` || pg.Code == "55P03"`, "",
		"proof", "TestTimeouts",
	},
	{
		"two runs at once",
		"ledger/lock.go", "	if !got {", "	if false {",
		"proof", "TestManyAtOnce",
	},
	{
		"a lost lock is not noticed",
		"ledger/lock.go", `lose(warehouse.Failed("the connection`, `_ = (warehouse.Failed("the connection`,
		"ledger", "TestLostLockEndsTheWork",
	},
	{
		"the schema changes under a run",
		"postgres/hold.go", "SELECT pg_advisory_lock(`+workLock+`)", "SELECT 1",
		"postgres", "TestMigrationWaitsForWorkThatBeganWhileItWaited",
	},
	{
		"a run begins beside what rests on a lost lock",
		"warehouse/under_lock.go", "PERFORM pg_advisory_xact_lock_shared(%d)", "PERFORM %d",
		"ledger", "TestNextRunWaitsForWhatRestsOnALostLock",
	},
	{
		"a row is counted that is not there",
		"load/apply.go", "r.Outcome(), c.Read, c.Inserted,", "r.Outcome(), c.Read, c.Inserted+1,",
		"proof", "TestKilledAtAnyMoment",
	},
	{
		"a run that was cut off keeps no sums",
		"ledger/books.go", "range abandoned {", "range abandoned[:0] {",
		"pipeline", "TestRunThatWasCutOffIsClosedByTheNext",
	},
	{
		"rows that are gone are not missed",
		"inventory/sql/missing_rows.sql", "participants < stored_participants OR events < stored_events", "false",
		"pipeline", "TestRowsThatVanishAreReadAgain",
	},
	{
		"enrolment is due by the number of sessions",
		"optional/sql/due_meetings.sql", "t.sessions_digest IS DISTINCT FROM m.digest", "t.sessions_seen IS DISTINCT FROM m.sessions",
		"pipeline", "TestEnrolmentIsReadForASessionThatTakesTheNumberOfAnother",
	},
	{
		"numbers that are behind their rows stay so",
		"ledger/books.go", "if err := s.db.MendIdentities(ctx); err != nil {", "if err := error(nil); err != nil {",
		"pipeline", "TestRunInACopyWithoutSequences",
	},
	{
		"one refused session ends the run",
		"pipeline/work.go", "ctx.Err() != nil || errors.Is(err, model.ErrDenied) ||", "ctx.Err() != nil || errors.Is(err, model.ErrRefused) ||",
		"pipeline", "TestRefusedSessionIsItsOwn",
	},
	{
		"a token that is refused everywhere is asked with for ever",
		"pipeline/refusal.go", "if r.count++; r.count < sameRefusals {", "if r.count++; r.count < 1<<30 {",
		"pipeline", "TestSameRefusalOfSeveralSessionsEndsTheRun",
	},
	{
		"sessions that are refused for good keep all after them from being read",
		"pipeline/refusal.go", "if failedBefore || !errors.Is", "if !errors.Is",
		"pipeline", "TestManyRefusedSessionsAreGoneRound",
	},
	{
		"what is not listed comes in any order",
		"ledger/books.go", "ORDER BY created_at, session_id", "ORDER BY session_id",
		"pipeline", "TestFollowUpsComeInOrder",
	},
	{
		"usage days that are gone are not missed",
		"inventory/sql/missing_rows.sql", "WHERE u.app_id IS NULL OR u.participants > 0 AND (", "WHERE u.participants > 0 AND (",
		"pipeline", "TestRowsThatVanishAreReadAgain",
	},
	{
		"a meeting in capitals is another",
		"extract/lists.go", "session.MeetingID = c.fold(session.MeetingID)\n				page", "page",
		"pipeline", "TestMeetingInBothLetters",
	},
	{
		"a meeting is asked for in other letters than the API's",
		"extract/client.go", "		c.spelt.Store(folded, id)\n", "",
		"pipeline", "TestIDsInCapitals",
	},
	{
		"what was stored in capitals stays so",
		"pipeline/work.go", "w.stores.Inventory.FoldIDs(ctx)", "[]model.Folded(nil), false, error(nil)",
		"pipeline", "TestIDsInCapitalsAreHealed",
	},
	{
		"a horizon of the future counts",
		"erasure/retention.go", "if err == nil && future {", "if false {",
		"pipeline", "TestTimesOfTheFutureHoldUpNobody",
	},
	{
		"the usage by day is not refreshed",
		"pipeline/usage.go", "w.stores.Usage.RefreshAnalytics(ctx)", "0, error(nil)",
		"proof", "TestCrashMatrix",
	},
	{
		"a stop cuts a session in hand",
		"load/session.go", "context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)", "context.WithTimeout(ctx, commitTimeout)",
		"load", "TestStopWaitsForTheSessionInHand",
	},
	{
		"a checkpoint behind a session that failed",
		"pipeline/backfill.go", "w.unreadSessions() == before; !sound {", "w.unreadSessions() == before; false {",
		"pipeline", "TestFailedSessionHoldsTheCheckpoint",
	},
	{
		"no lookback",
		"pipeline/app.go", "mark.Add(-w.cfg.Lookback)", "mark",
		"pipeline", "TestAWeekOfCronRuns",
	},
	{
		"what is not listed any more is not followed up",
		"pipeline/discovery.go", "	if d.followUps {", "	if false {",
		"pipeline", "TestLongLiveSessionIsAskedForByID",
	},
	{
		"a correction that could not be read is forgotten",
		"load/sql/fail_session.sql", "settled_at = NULL,", "settled_at = t.settled_at,",
		"pipeline", "TestFailedCorrectionIsReadLater",
	},
	{
		"one 404 among failures is a goodbye",
		"load/sql/fail_session.sql", "t.not_found >= 2", "t.attempts >= 2",
		"pipeline", "TestMistakenNotFoundAmongFailuresIsNoGoodbye",
	},
	{
		"a session is settled at once",
		"pipeline/session.go", "r.Complete && !began.Before(session.LastChange().Add(w.cfg.Settle))", "r.Complete",
		"pipeline", "TestSettledSessionsAreNotReadAgain",
	},
	{
		"an older reading overwrites a newer one",
		"load/open.go", "l.stale = readAt.Valid && ", "l.stale = false && readAt.Valid && ",
		"load", "TestOverlappingReadingsKeepTheLater",
	},
	{
		"who comes back stays removed",
		"load/sql/update_participants.sql", "    removed_at = NULL,\n", "",
		"pipeline", "TestParticipantVanishesAndReturns",
	},
	{
		"the older of two copies counts",
		"load/sql/update_peer_events.sql", "updated_at DESC NULLS LAST, seq DESC", "updated_at ASC NULLS LAST, seq ASC",
		"load", "TestSameKeyTwiceInOneReading",
	},
	{
		"what was set aside is closed by a reading that missed it",
		"load/sql/resolve.sql", "OR $2 AND entity", "OR (true OR $2) AND entity",
		"load", "TestOnlyAFullReadingResolves",
	},
	{
		"a session of the future moves the watermark",
		"pipeline/discovery.go", "	case d.newest.After(d.pastSince()):\n		return d.pastSince()\n", "",
		"pipeline", "TestSessionOfTheFutureHoldsUpNobody",
	},
	{
		"who is recognised late stays",
		"load/apply.go", "	if !l.fresh {\n		if err := erasure.Late(", "	if false {\n		if err := erasure.Late(",
		"pipeline", "TestErasedPersonIsRecognisedLate",
	},
	{
		"that all apps are gone is believed",
		"pipeline/apps.go", "len(list.ids) == 0 && len(list.unlisted) > 0 {", "false {",
		"pipeline", "TestEmptyListOfAppsIsNotBelieved",
	},
	{
		"daily counts that are not understood are none",
		"extract/daywise.go", "&& !days.listed {", "&& false {",
		"pipeline", "TestDaysThatAreNotUnderstoodAreNotZero",
	},
	{
		"who was erased during a run comes back",
		"load/open.go", "		return warehouse.ErrOutdated", "		_ = warehouse.ErrOutdated",
		"pipeline", "TestErasureDuringARun",
	},
	{
		"Retry-After is not obeyed",
		"extract/request.go", "c.cfg.Budget.Close(ctx, wait)", "_ = wait",
		"extract", "TestRetryAfterDoesNotCountAsPatience",
	},
	{
		"nothing of the quota is left to others",
		"extract/budget_state.go", "l.Remaining-inFlight <= l.reserve(cfg.QuotaShare)", "l.Remaining-inFlight <= 0",
		"extract", "TestReserveOfAQuotaWithoutAPolicy",
	},
	{
		"the name of a recording's file is kept",
		"extract/recordings.go", `"output_file_name": droppedField, `, `"output_file_name": keptField, `,
		"extract", "TestRecordingRecord",
	},
	{
		"what is left for recordings passes for what is left to all calls",
		"extract/own_limit.go", "		if headers != nil {\n", "		if false {\n",
		"extract", "TestRecordingsHaveTheirOwnLimit",
	},
	{
		"recordings that retention deleted come back",
		"optional/recordings.go", "if !stored && !horizon.IsZero() &&", "if false && !stored && !horizon.IsZero() &&",
		"pipeline", "TestRetentionOfRecordings",
	},
	{
		"certificates are not verified",
		"extract/client.go", "MinVersion: tls.VersionTLS12}", "MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}",
		"extract", "TestOnlyTheRightServerGetsTheToken",
	},
	{
		"a server may repeat the token",
		"extract/request.go", "c.redactor.body(body.Bytes())", "body.Bytes()",
		"extract", "TestTheTokenGoesNoFurther",
	},
	{
		"leavings are paired with the nearest joining, by the function",
		"../migrations/analytics/derive.sql", "SELECT *, depth - min(depth) OVER (PARTITION BY session_id, participant_id, peer_id ORDER BY moved_at DESC) AS open FROM depths",
		"SELECT *, greatest(net, 0) AS open FROM depths",
		"analytics", "TestPairing",
	},
	{
		"leavings are paired with the nearest joining, by the loader",
		"derive/presence.go", "		open[i] -= lowest\n",
		"		open[i] = max(moments[i].net, 0) + 0*lowest\n",
		"load", "TestLoaderDerivesWhatTheFunctionDoes",
	},
	{
		"the vendor's id says who a person is, in the function",
		"../migrations/analytics/person_of.sql", "WHEN person_by = 'user_id' THEN",
		"WHEN true THEN",
		"analytics", "TestOneHumanIsOnePerson",
	},
	{
		"the vendor's id says who a person is, in the loader",
		"derive/identity.go", "	if i.ByUser {",
		"	if !i.ByUser {",
		"load", "TestLoaderDerivesWhatTheFunctionDoes",
	},
	{
		"machines are people, in the function",
		"../migrations/analytics/person_of.sql", "coalesce(machine_presets, '{recorder,bot}')",
		"coalesce(machine_presets, '{}')",
		"analytics", "TestOneHumanIsOnePerson",
	},
	{
		"machines are people, in the loader",
		"derive/identity.go", "	if i.isMachine(p) {",
		"	if false {",
		"load", "TestLoaderDerivesWhatTheFunctionDoes",
	},
	{
		"a teacher alone is a lesson",
		"../migrations/analytics/occurrences.sql", "k.least_lesson_people, 2)",
		"k.least_lesson_people, 1)",
		"analytics", "TestWhatIsALesson",
	},
	{
		"a moment is a lesson",
		"../migrations/analytics/occurrences.sql", ">= max(g.least_seconds)",
		">= 0",
		"analytics", "TestWhatIsALesson",
	},
	{
		"a host who dropped begins another lesson",
		"../migrations/analytics/occurrences.sql", "coalesce(m.longest_gap_seconds, k.longest_gap_seconds, 300)), true) AS is_apart",
		"0), true) AS is_apart",
		"analytics", "TestWhatIsALesson",
	},
	{
		"stays of another lesson count",
		"../migrations/analytics/register.sql", "WHERE v && tstzrange(o.starts_at, o.ends_at)",
		"WHERE true",
		"analytics", "TestRegisterOfLessonsInOneSession",
	},
	{
		"a person enrolled twice has two rows",
		"../migrations/analytics/register.sql", "min(came_as) OVER own, person_id) AS present_as",
		"min(came_as) OVER own || person_id, person_id) AS present_as",
		"analytics", "TestRegisterHasAPersonOnce",
	},
	{
		"a person is somebody else in each lesson",
		"../migrations/analytics/register.sql", "THEN min(e.own_id) END",
		"THEN NULL END",
		"analytics", "TestRegisterKeepsAPersonsID",
	},
	{
		"an own id puts people together that does not say who they are",
		"../migrations/analytics/register.sql", "CASE WHEN w.person_id = m.custom_participant_id THEN m.custom_participant_id END AS own_id",
		"m.custom_participant_id AS own_id",
		"analytics", "TestRegisterByUserID",
	},
	{
		"an own id excuses those who have it in common",
		"../migrations/analytics/no_shows.sql", "AND w.person_id = m.custom_participant_id",
		"",
		"analytics", "TestRegisterByUserID",
	},
	{
		"an excuse is not heard",
		"../migrations/analytics/register.sql", "CASE WHEN x.reason IS NULL THEN 'absent' ELSE 'excused' END",
		"'absent'",
		"analytics", "TestRegister",
	},
	{
		"the grace is no grace",
		"../migrations/analytics/register.sql", "c.left_early_seconds > o.grace_seconds THEN 'left_early'",
		"c.left_early_seconds > 0 THEN 'left_early'",
		"analytics", "TestRegister",
	},
	{
		"who is inside has left early",
		"../migrations/analytics/register.sql", "WHEN NOT r.is_inside AND c.left_early_seconds",
		"WHEN c.left_early_seconds",
		"analytics", "TestRegisterOfALessonThatGoesOn",
	},
	{
		"who came is a no-show",
		"../migrations/analytics/no_shows.sql", "HAVING NOT bool_or(coalesce(u.has_entered, false) OR coalesce(c.has_entered, false))",
		"HAVING NOT bool_or(coalesce(u.has_entered, false))",
		"analytics", "TestWhatIsALesson",
	},
	{
		"an hour begins empty",
		"../migrations/analytics/concurrency_hourly.sql", "d.starts_at), s.until_at - interval '1 microsecond', interval '1 hour')",
		"d.starts_at), s.step_at, interval '1 hour')",
		"analytics", "TestViewsAgreeWithGo",
	},
	{
		"a day begins at the second of two midnights",
		"../migrations/analytics/day_starts_at.sql", "THEN (day::timestamp - interval '12 hours') AT TIME ZONE time_zone + interval '12 hours'",
		"THEN day::timestamp AT TIME ZONE time_zone",
		"analytics", "TestDaysWherePeopleLive",
	},
	{
		"a time zone of its own is taken for any",
		"../migrations/analytics/check_time_zone.sql", "\n        OR NOT EXISTS (SELECT 1 FROM pg_timezone_names AS z WHERE z.name = NEW.time_zone)", "",
		"analytics", "TestSettingsAreRefused",
	},
	{
		"a new time zone changes nothing that is counted",
		"../migrations/analytics/queue_settings.sql", "coalesce(NEW.time_zone, unset))", "coalesce(OLD.time_zone, unset))",
		"analytics", "TestZonesAgreeWithGo",
	},
	{
		"the time zone of an account counts for nobody",
		"../migrations/analytics/zone_of.sql", "WHERE a.app_id = app),", "WHERE a.app_id = app AND false),",
		"analytics", "TestAccountsZone",
	},
	{
		"a session that is stored while its app moves stays behind",
		"../migrations/analytics/refresh.sql", "WHERE f.time_zone <> analytics.zone_of(f.app_id)", "WHERE false",
		"analytics", "TestZoneThatChangesMeanwhile",
	},
	{
		"who was there on the day before is there again",
		"../migrations/analytics/count_sessions.sql", "AND (zoned IS NULL OR s.first_join_at IS NULL OR analytics.day_of(s.first_join_at, f.time_zone) = s.usage_date)", "",
		"analytics", "TestZonesAgreeWithGo",
	},
	{
		"people of a day are looked for on the day of UTC",
		"../migrations/analytics/count_sessions.sql", "far_off constant interval := '16 hours'", "far_off constant interval := '0 hours'",
		"analytics", "TestZonesAgreeWithGo",
	},
	{
		"hours that are counted on a kept day move to another",
		"../migrations/analytics/derive.sql", "WHERE d.session_id = bounds[n].session_id AND EXISTS (", "WHERE false AND EXISTS (",
		"analytics", "TestNoHourTwiceOrNever",
	},
	{
		"hours are lost on a kept day",
		"../migrations/analytics/derive.sql", "AND g.usage_date BETWEEN from_at::date - 1 AND to_at::date + 1", "AND false",
		"analytics", "TestKeptDaysKeepTheirZone",
	},
	{
		"who is in three sessions at once counts twice on a new day",
		"usage/shared.go", "max(before-1, 0) - max(depth-1, 0)", "max(before-2, 0) - max(depth-2, 0)",
		"load", "TestNewDaysAreCountedAsTheFunctionCountsThem",
	},
	{
		"a session that was counted before is counted as a new one",
		"warehouse/first_count.go", "WHERE EXISTS (SELECT 1 FROM analytics.session_dates AS t WHERE t.session_id = d.session_id)", "WHERE false",
		"load", "TestNewDaysAreCountedAsTheFunctionCountsThem",
	},
	{
		"new days begin with those of UTC",
		"derive/zone.go", "return z.Starts[d]", "return Time(d) * day",
		"load", "TestNewDaysAreCountedAsTheFunctionCountsThem",
	},
	{
		"the loader cuts the days of Auckland by UTC",
		"load/zone.go", `	if z.name == "UTC" {`, "	if true {",
		"load", "TestLoaderDerivesWhatTheFunctionDoes",
	},
	{
		"a day of a range is that of UTC",
		"export/query.go", "analytics.day_starts_at(?::date, time_zone)", "analytics.day_starts_at(?::date, 'UTC')",
		"report", "TestDaysOfTheApp",
	},
	{
		"a page about a person has others' rows",
		"report/somebody.go", "return person == w.ID ||", "return true ||",
		"report", "TestPerson",
	},
	{
		"a page about a person has what came with a user_id that others have too",
		"report/somebody.go", " && !shared[sharedID{app, user}]", "",
		"report", "TestPerson",
	},
}

// TestMutantsAreCaught asks whether the tests can fail. The long form breaks one
// promise of the program after the other, and each time the test that stands for
// it must go red; the short form sees to it that the breaks still fit the source.
func TestMutantsAreCaught(t *testing.T) {
	t.Parallel()
	for _, m := range slices.Concat(mutants, jobMutants) {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			source, err := os.ReadFile(filepath.Join("..", m.file))
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(source), m.old); n != 1 {
				t.Fatalf("what is to be broken is in %s %d times", m.file, n)
			}
			if long() {
				m.mustBeCaught(t, string(source))
			}
		})
	}
}

func (m *mutant) mustBeCaught(t *testing.T, source string) {
	t.Helper()
	tree := t.TempDir()
	for _, dir := range []string{"cmd", "internal", "migrations"} {
		if err := os.CopyFS(filepath.Join(tree, dir), os.DirFS(filepath.Join("..", "..", dir))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(tree, name), string(text))
	}
	write(t, filepath.Join(tree, "internal", m.file), strings.Replace(source, m.old, m.new, 1))
	run := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-run", "^"+m.test+"$", "./internal/"+m.pkg)
	run.Dir = tree
	run.Env = append(os.Environ(), "ROLLCALL_PROOF=full")
	out, err := run.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--- FAIL: "+m.test) {
		t.Errorf("%s does not see it: %v\n%.2000s", m.test, err, out)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
