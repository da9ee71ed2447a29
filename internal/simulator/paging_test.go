package simulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

func ids(rows []row) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = fmt.Sprint(r["id"])
	}
	return out
}

func storedIDs(s *simulator.Session) []string {
	out := make([]string, len(s.Participants))
	for i, p := range s.Participants {
		out[i] = p.ID
	}
	return out
}

// walk reads pages from base until an empty one.
func walk(c *client, path string, base, perPage, most int) (all []string) {
	for no := base; no < base+most; no++ {
		rows := c.list(fmt.Sprintf("%s?sort_by=joinedAt&sort_order=ASC&page_no=%d&per_page=%d", path, no, perPage)).rows()
		if len(rows) == 0 {
			break
		}
		all = append(all, ids(rows)...)
	}
	return all
}

func TestEveryRowOnceInEachDialect(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		dialect string
		base    int
	}{
		"plain":           {"", 1},
		"base 0":          {"page-base-0", 0},
		"cap":             {"page-cap:rows=4", 1},
		"paging top":      {"paging-top", 1},
		"paging in data":  {"paging-in-data", 1},
		"paging absent":   {"paging-absent", 1},
		"floats":          {"float-counts", 1},
		"empty last page": {"empty-last-page", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var opts simulator.Options
			if tc.dialect != "" {
				if err := opts.Apply(tc.dialect); err != nil {
					t.Fatal(err)
				}
			}
			d, s := bulk(23)
			c := serve(t, d, opts)
			for _, perPage := range []int{1, 5, 23, 100} {
				if diff := cmp.Diff(storedIDs(s), walk(c, participantsPath(s), tc.base, perPage, 50)); diff != "" {
					t.Errorf("per_page %d:\n%s", perPage, diff)
				}
			}
		})
	}
}

func TestPagingObject(t *testing.T) {
	t.Parallel()
	const asc = "?sort_order=ASC&per_page=10&page_no="
	for _, tc := range []struct {
		dialect, page string
		want          paging
		rows          int
	}{
		{"", "1", paging{23, 1, 10}, 10},
		{"", "3", paging{23, 21, 23}, 3},
		{"", "4", paging{23, 0, 0}, 0},
		{"", "0", paging{23, 1, 10}, 10},
		{"", "2000000000", paging{23, 0, 0}, 0},
		{"page-base-0", "0", paging{23, 1, 10}, 10},
		{"page-base-0", "1", paging{23, 11, 20}, 10},
		{"page-cap:rows=4", "2", paging{23, 5, 8}, 4},
		{"page-cap-gaps:rows=4", "2", paging{23, 11, 14}, 4},
		{"empty-last-page", "3", paging{23, 21, 22}, 3},
		{"empty-last-page", "4", paging{23, 0, 0}, 0},
		{"repeat-last-page", "3", paging{24, 21, 23}, 3},
		{"repeat-last-page", "9", paging{24, 21, 23}, 3},
	} {
		var opts simulator.Options
		if tc.dialect != "" {
			if err := opts.Apply(tc.dialect); err != nil {
				t.Fatal(err)
			}
		}
		d, s := bulk(23)
		got := serve(t, d, opts).list(participantsPath(s) + asc + tc.page)
		if got.Paging != nil || got.Data.Paging == nil || *got.Data.Paging != tc.want || len(got.rows()) != tc.rows {
			t.Errorf("%s page %s: paging %+v, %d rows; want %+v, %d", tc.dialect, tc.page, got.Data.Paging, len(got.rows()), tc.want, tc.rows)
		}
	}
}

func TestPagingPlace(t *testing.T) {
	t.Parallel()
	d, s := bulk(2)
	for _, tc := range []struct {
		place                              simulator.PagingPlace
		sessionsTop, participantsTop, none bool
	}{
		{simulator.PagingAuto, true, false, false},
		{simulator.PagingTop, true, true, false},
		{simulator.PagingInData, false, false, false},
		{simulator.PagingAbsent, false, false, true},
	} {
		c := serve(t, d, simulator.Options{Dialect: simulator.Dialect{Paging: tc.place}})
		sessions, participants := c.list("/"+s.AppID+"/sessions"), c.list(participantsPath(s))
		if (sessions.Paging != nil) != tc.sessionsTop || (sessions.paging() == nil) != tc.none {
			t.Errorf("place %d: sessions %+v, %+v", tc.place, sessions.Paging, sessions.Data.Paging)
		}
		if (participants.Paging != nil) != tc.participantsTop || (participants.paging() == nil) != tc.none {
			t.Errorf("place %d: participants %+v, %+v", tc.place, participants.Paging, participants.Data.Paging)
		}
	}
}

func TestUnstableTiesLoseRows(t *testing.T) {
	t.Parallel()
	d, s := bulk(10)
	for _, p := range s.Participants {
		p.JoinedAt = s.StartedAt
	}
	c := serve(t, d, simulator.Options{Dialect: simulator.Dialect{UnstableTies: true}})
	seen := map[string]bool{}
	for _, id := range walk(c, participantsPath(s), 1, 5, 3) {
		seen[id] = true
	}
	if len(seen) != 5 {
		t.Errorf("saw %d distinct rows, want the same 5 twice", len(seen))
	}
}

func TestOrderAndFilters(t *testing.T) {
	t.Parallel()
	d := simulator.Demo(1, now)
	app := &d.Apps[0]
	c := serve(t, d, simulator.Options{})
	path := "/" + app.ID + "/sessions?per_page=1000"
	desc, asc := ids(c.list(path).rows()), ids(c.list(path+"&sort_by=createdAt&sort_order=ASC").rows())
	if desc[0] != asc[len(asc)-1] || len(asc) != len(app.Sessions) {
		t.Errorf("%d rows; DESC begins with %s, ASC ends with %s", len(asc), desc[0], asc[len(asc)-1])
	}
	fourth := app.Sessions[3]
	at := fourth.CreatedAt.Format(time.RFC3339Nano)
	for query, want := range map[string]int{
		"status=LIVE":                              1,
		"status=ENDED":                             len(app.Sessions) - 1,
		"start_time=" + at:                         len(app.Sessions) - 3,
		"end_time=" + at:                           4,
		"start_time=" + at + "&end_time=" + at:     1,
		"search=" + strings.ToUpper(fourth.ID):     1,
		"participants=0:0":                         1,
		"associated_id=nobody":                     0,
		"start_time=&status=&sort_by=&sort_order=": len(app.Sessions),
	} {
		if got := len(c.list(path + "&" + query).rows()); got != want {
			t.Errorf("%s: %d rows, want %d", query, got, want)
		}
	}
}

func TestRangeColumn(t *testing.T) {
	t.Parallel()
	d := simulator.Demo(1, now)
	app := &d.Apps[0]
	s := app.Sessions[5]
	for column, at := range map[simulator.TimeColumn]time.Time{
		simulator.OnCreated: s.CreatedAt, simulator.OnStarted: s.StartedAt, simulator.OnEnded: s.EndedAt,
	} {
		c := serve(t, d, simulator.Options{Dialect: simulator.Dialect{StartTimeOn: column}})
		text := at.Format(time.RFC3339Nano)
		rows := c.list("/" + app.ID + "/sessions?start_time=" + text + "&end_time=" + text).rows()
		if len(rows) != 1 || rows[0]["id"] != s.ID {
			t.Errorf("column %d: %v", column, ids(rows))
		}
	}
}

func TestBadParameters(t *testing.T) {
	t.Parallel()
	d, s := bulk(1)
	c := serve(t, d, simulator.Options{})
	for _, path := range []string{
		"/apps?page_no=0", "/apps?per_page=x", "/apps?sort_order=asc",
		"/" + s.AppID + "/sessions?page_no=-1",
		"/" + s.AppID + "/sessions?per_page=1.5",
		"/" + s.AppID + "/sessions?sort_by=created_at",
		"/" + s.AppID + "/sessions?status=live",
		"/" + s.AppID + "/sessions?start_time=2026-11-01",
		"/" + s.AppID + "/sessions?participants=1",
		"/" + s.AppID + "/sessions/" + s.ID + "?include_breakout_rooms=yes",
		"/" + s.AppID + "/sessions/not-a-uuid",
		participantsPath(s) + "?include_peer_events=1",
		participantsPath(s) + "?view=all",
		participantsPath(s) + "?sort_by=joined_at",
		participantsPath(s) + "?per_page=NaN",
	} {
		body := c.mustGet(path, http.StatusBadRequest)
		if !strings.HasPrefix(body, `{"success":false,"error":{"code":400,"message":"BAD_REQUEST: `) {
			t.Errorf("%s: %s", path, body)
		}
	}
}

func TestSortByDuration(t *testing.T) {
	t.Parallel()
	d := simulator.Demo(2, now)
	for _, s := range d.AllSessions()[:40] {
		previous := -1.0
		for _, r := range serve(t, d, simulator.Options{}).list(participantsPath(s) + "?sort_by=duration&sort_order=ASC&per_page=1000").rows() {
			v, known := r["duration"].(float64)
			if v < previous || !known && previous >= 0 {
				t.Fatalf("session %s: %v after %v", s.ID, r["duration"], previous)
			}
			if known {
				previous = v
			}
		}
	}
}
