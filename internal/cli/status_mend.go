package cli

import (
	"strings"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// printProblems names the sessions that are not complete, those of an app with the same
// reason together, and the command that reads them again at once.
func printProblems(s *screen, o *model.Overview) {
	type group struct{ app, reason string }
	var order []group
	members := make(map[group][]*model.SessionProblem)
	for i := range o.Problems {
		p := &o.Problems[i]
		g := group{p.AppID, strings.ReplaceAll(p.Reason, p.ID, "ID")}
		if members[g] == nil {
			order = append(order, g)
		}
		members[g] = append(members[g], p)
	}
	for _, g := range order {
		var ids []string
		s.put("  ", "App %s, %s: %s", nameOf(o, g.app), plural(len(members[g]), "session"), g.reason)
		for _, p := range members[g] {
			printProblem(s, p)
			ids = append(ids, p.ID)
		}
		s.put("    ", "at once: rollcall backfill --session %s", strings.Join(ids, ","))
	}
}

func printProblem(s *screen, p *model.SessionProblem) {
	day, title, next := "-", "(no title)", "with the next run"
	if p.CreatedAt != nil {
		day = p.CreatedAt.UTC().Format(time.DateOnly)
	}
	if p.Title != nil && *p.Title != "" {
		title = *p.Title
	}
	if p.RetryAt != nil {
		next = "after " + stamp(*p.RetryAt)
	}
	s.put("    ", "%s  %s  %s, attempt %d, again %s", day, title, p.ID, p.Attempts, next)
}

// nameOf gives the name of an app, or its id where none is known.
func nameOf(o *model.Overview, id string) string {
	for i := range o.Apps {
		if o.Apps[i].ID == id {
			return appName(&o.Apps[i])
		}
	}
	return id
}

// printBackfills shows the backfills that were stopped and, after the apps of a range,
// the command that goes on with it and the one that gives it up.
func printBackfills(s *screen, o *model.Overview) {
	for i := range o.Backfills {
		b := &o.Backfills[i]
		until := "until now"
		if b.To != nil {
			until = "to " + stamp(*b.To)
		}
		s.put("Backfill: ", "from %s %s is not done: %s to %s, %s ago",
			stamp(b.From), until, whoHasCome(o, b.AppID), stamp(b.Checkpoint), ago(o.At.Sub(b.SavedAt)))
		command := backfillOf(b)
		if i+1 == len(o.Backfills) || backfillOf(&o.Backfills[i+1]) != command {
			if b.Queued {
				s.put("    ", "rollcall work goes on with it")
			} else {
				s.put("    ", "to go on: %s", command)
			}
			s.put("    ", "to give it up: %s --forget", command)
		}
	}
}

// whoHasCome names what a checkpoint is of.
func whoHasCome(o *model.Overview, appID string) string {
	if appID == "" { // its apps are still to be listed
		return "all apps have come"
	}
	return "app " + nameOf(o, appID) + " has come"
}

// backfillOf gives the command that a backfill goes on with.
func backfillOf(b *model.BackfillOverview) string {
	command := "rollcall backfill --from " + asFlag(b.From)
	if b.To != nil {
		command += " --to " + lastDay(*b.To)
	}
	if b.Full {
		command += " --full"
	}
	return command
}

// asFlag writes the start of a range as --from takes it: a day where it is one.
func asFlag(t time.Time) string {
	if t = t.UTC(); t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339Nano)
}

// lastDay writes the end of a range as --to takes it: a last day is in the range.
func lastDay(t time.Time) string {
	if t = t.UTC(); t.Equal(t.Truncate(24 * time.Hour)) {
		return t.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return t.Format(time.RFC3339Nano)
}
