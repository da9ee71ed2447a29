package simulator_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

func record(t *testing.T, body, member string) map[string]any {
	t.Helper()
	var answer struct{ Data map[string]any }
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	if member == "" {
		return answer.Data
	}
	inner, _ := answer.Data[member].(map[string]any)
	return inner
}

// The list and the record of a meeting say the same; somebody enrolled who never
// came is in the list of its people.
func TestMeetingAndItsPeople(t *testing.T) {
	t.Parallel()
	d := simulator.Demo(5, now)
	app := &d.Apps[0]
	c := serve(t, d, simulator.Options{})
	var list struct{ Data []map[string]any }
	if err := json.Unmarshal([]byte(c.mustGet("/"+app.ID+"/meetings?per_page=100", 200)), &list); err != nil {
		t.Fatal(err)
	}
	id, _ := list.Data[0]["id"].(string)
	body := c.mustGet("/"+app.ID+"/meetings/"+id, 200)
	if diff := cmp.Diff(list.Data[0], record(t, body, "")); diff != "" {
		t.Error(diff)
	}
	c.mustGet("/"+app.ID+"/meetings/00000000-0000-4000-8000-000000000000", 404)
	people := c.mustGet("/"+app.ID+"/meetings/"+id+"/participants?per_page=100", 200)
	for name, text := range map[string]string{"meeting": body, "people": people} {
		if !strings.Contains(text, simulator.PlantedSecret) {
			t.Errorf("no secret is planted in %s", name)
		}
	}
	for _, m := range app.Meetings {
		came := map[string]bool{}
		for _, s := range app.Sessions {
			for _, p := range s.Participants {
				came[p.UserID] = came[p.UserID] || s.MeetingID == m.ID
			}
		}
		list := c.mustGet("/"+app.ID+"/meetings/"+m.ID+"/participants?per_page=100", 200)
		for _, e := range m.Enrolled {
			if strings.Count(list, e.ID) != 1 {
				t.Errorf("%s is listed %d times", e.Name, strings.Count(list, e.ID))
			}
		}
	}
}

// Days add up to the sessions that the list shows.
func TestDaywise(t *testing.T) {
	t.Parallel()
	d := simulator.Demo(5, now)
	clock := func() time.Time { return now }
	for i := range d.Apps {
		app := &d.Apps[i]
		c := serve(t, d, simulator.Options{Now: clock})
		stats, _ := record(t, c.mustGet("/"+app.ID+"/analytics/daywise", 200), "")["session_stats"].(map[string]any)
		days, _ := stats["day_stats"].([]any)
		sessions, length, total := 0.0, 0.0, 0.0
		for _, day := range days {
			row, _ := day.(map[string]any)
			n, _ := row["total_sessions"].(float64)
			m, _ := row["total_session_minutes"].(float64)
			sessions, length = sessions+n, length+m
		}
		for _, s := range app.Sessions {
			total += s.MinutesConsumed
		}
		if int(sessions) != len(app.Sessions) || math.Abs(length-total) > 0.01 || stats["sessions_count"] != sessions {
			t.Errorf("%s: %v sessions of %d, %v minutes of %v", app.Name, sessions, len(app.Sessions), length, total)
		}
		c.mustGet("/"+app.ID+"/analytics/daywise?start_date=yesterday", 400)
		c.mustGet("/"+app.ID+"/analytics/daywise?start_date=2026-11-02&end_date=2026-11-01", 400)
		if body := c.mustGet("/"+app.ID+"/analytics/daywise?start_date=2026-01-01&end_date=2026-01-31", 200); strings.Contains(body, `"day":`) {
			t.Errorf("days in January: %s", body)
		}
	}
}

// A report is there for whoever joined, for as long as the vendor keeps it.
func TestPeerReports(t *testing.T) {
	t.Parallel()
	d, s := bulk(2)
	at := now
	path := "/" + s.AppID + "/sessions/peer-report/" + s.Participants[0].ID
	c := serve(t, d, simulator.Options{Now: func() time.Time { return at }})
	nested := c.mustGet(path, 200)
	if nested != c.mustGet(path, 200) || !strings.Contains(nested, simulator.PlantedAddress) || !strings.Contains(nested, simulator.PlantedSecret) {
		t.Errorf("report %s", nested)
	}
	c.sim.SetDialect(simulator.Dialect{FlatPeerReport: true})
	if diff := cmp.Diff(record(t, nested, "participant"), record(t, c.mustGet(path, 200), "")); diff != "" {
		t.Error(diff)
	}
	c.mustGet("/"+s.AppID+"/sessions/peer-report/"+s.ID, 404)
	at = now.AddDate(0, 7, 0)
	c.mustGet(path, 404)
}
