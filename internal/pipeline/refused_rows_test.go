package pipeline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/pipeline"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// One session whose rows the database refuses, by a rule that somebody added, keeps no other
// from being read, by whatever command. It is noted, waits longer each time and is not asked
// for meanwhile, and it is stored once the rule lets it in.
func TestSessionThatTheDatabaseRefusesIsItsOwn(t *testing.T) {
	t.Parallel()
	const trigger = `CREATE TRIGGER refuse BEFORE INSERT ON realtimekit.participants FOR EACH ROW WHEN (NEW.session_id = 'BAD') EXECUTE FUNCTION public.refuse()`
	for name, rule := range map[string]struct{ made, gone string }{
		"constraint": {`ALTER TABLE realtimekit.participants ADD CONSTRAINT refuse CHECK (session_id <> 'BAD')`, `ALTER TABLE realtimekit.participants DROP CONSTRAINT refuse`},
		"trigger":    {trigger, `DROP TRIGGER refuse ON realtimekit.participants`},
		"at its end": {strings.NewReplacer("TRIGGER", "CONSTRAINT TRIGGER", "BEFORE", "AFTER", "FOR EACH", "DEFERRABLE INITIALLY DEFERRED FOR EACH").Replace(trigger), `DROP TRIGGER refuse ON realtimekit.participants`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, pair())
			bad := r.data.Apps[0].Sessions[0].ID
			r.exec(`CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refuse it'; END $$`)
			r.exec(strings.ReplaceAll(rule.made, "BAD", bad))
			r.mustRun(model.RunPartial)
			r.exact(func(s *simulator.Session) bool { return s.ID != bad })
			if got := r.text(`SELECT string_agg(session_id || ' ' || attempts, ', ') FROM sync.session_states WHERE last_error LIKE '%refuse%' AND complete_at IS NULL`); got != bad+" 1" {
				t.Errorf("noted as failed: %s, want %s 1", got, bad)
			}
			r.must(whole, model.RunPartial)
			r.must(pipeline.Plan{Kind: model.KindBackfill, Sessions: []model.UUID{mustUUID(t, bad)}}, model.RunPartial)
			r.sim.Reset()
			if result := r.mustRun(model.RunPartial); result.Waiting != 1 || r.requests(simulator.RouteParticipants) != 0 {
				t.Errorf("%d sessions wait, %d pages were asked for", result.Waiting, r.requests(simulator.RouteParticipants))
			}
			r.exec(rule.gone)
			r.endPauses(25 * time.Hour)
			r.mustRun(model.RunSucceeded)
			r.exact(nil)
		})
	}
}
