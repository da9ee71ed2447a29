package report_test

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/report"
	"github.com/rollcall-etl/rollcall/internal/sampling"
	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// hostile are names that end an element, a string or a line, run, or turn the
// text around.
var hostile = []string{
	`<script>window.hit=1</script>`, `</script><script>window.hit=1</script>`, `"><img src=x onerror=window.hit=1>`, `' onmouseover='window.hit=1`,
	`<!-- <script>`, `]]>`, `{{.Charts}}`, `${window.hit=1}`, "\u2028line\u2029", `javascript:window.hit=1`, "a\x01b\x1fc\x7fd", `&lt;b&gt;`,
	"\u202Eesrever\u202C", "שלום \u2067עולם", "محمد العلي", "👩🏽‍🚀 Ada", "𠮷田さくら", `=HYPERLINK("http://x")`, `C:\new\table`,
	strings.Repeat("long ", 400), strings.Repeat("W", 2000), "Zalgo" + strings.Repeat("\u0301", 60),
}

// clip keeps an id short enough to be one.
func clip(text string) string { return string([]rune(text)[:min(len([]rune(text)), 60)]) }

// TestSession holds the page against the views.
func TestSession(t *testing.T) {
	t.Parallel()
	pool := warehouse(t, simulator.Demo(1, at))
	var id string
	if err := pool.QueryRow(t.Context(), `SELECT session_id::text FROM analytics.session_summary
		WHERE unique_people BETWEEN 20 AND 40 AND status = 'ENDED' AND session_id IN (SELECT session_id FROM analytics.no_shows)
		ORDER BY rejoins DESC, session_id LIMIT 1`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	page := sessionPage(t, pool, id, "session-class.html")
	rows, err := pool.Query(t.Context(), `SELECT display_name || custom_participant_id, preset_name, to_char(first_join_at, 'HH24:MI:SS'),
		to_char(last_leave_at, 'HH24:MI:SS'), to_char(round((present_seconds / 60)::numeric, 1), 'FM990.0'), visits::text,
		round((session_share * 100)::numeric)::text || ' %', to_char(round((greatest(late_seconds, 0) / 60)::numeric, 1), 'FM990.0')
		FROM analytics.person_attendance WHERE session_id = $1 ORDER BY first_join_at, person_id COLLATE "C"`, id)
	if err != nil {
		t.Fatal(err)
	}
	want, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]string, error) {
		cells := make([]string, 8)
		return cells, row.Scan(&cells[0], &cells[1], &cells[2], &cells[3], &cells[4], &cells[5], &cells[6], &cells[7])
	})
	if err != nil {
		t.Fatal(err)
	}
	got := page.id(t, "attendance").under(t, "Name", "Role", "First join", "Last leave", "Minutes", "Visits", "Share", "Late")
	rejoined := 0
	for i, cells := range got {
		visits, times, spelled := strings.Cut(cells[5], want[i][5])
		if visits != "" || spelled && strings.Count(times, "–") > 1 && want[i][5] == "1" {
			t.Errorf("row %d: visits %q", i, cells[5])
		}
		if times != "" {
			rejoined++
		}
		got[i][5] = want[i][5]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the attendance table differs from analytics.person_attendance (- view, + page):\n%s", diff)
	}
	if rejoined == 0 {
		t.Error("no row spells out the visits of somebody who rejoined")
	}
	var absent, notes int
	if err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM analytics.no_shows WHERE session_id = $1),
		(SELECT count(DISTINCT check_name) FROM analytics.data_quality WHERE session_id = $1)`, id).Scan(&absent, &notes); err != nil {
		t.Fatal(err)
	}
	if n := len(page.id(t, "absent").rows()); n != absent || absent == 0 {
		t.Errorf("the page lists %d absent people, the view %d; want the same, and some", n, absent)
	}
	checkCharts(t, page, len(want))
	if title := page.tags("title")[0].text(); !strings.HasPrefix(title, page.tags("h1")[0].text()+", ") || !strings.HasSuffix(title, " November 2026") {
		t.Errorf("the title %q does not carry the date", title)
	}
	if title := page.tags("h1")[0].text(); title == "" || !strings.Contains(page.text(), "by run 1 of Rollcall test") {
		t.Errorf("title %q; the page does not say which run and version it is from", title)
	}
}

// checkCharts compares the data of the charts with the table's size, and that no
// row of the timeline is without a stay.
func checkCharts(t *testing.T, page *node, people int) {
	t.Helper()
	var charts struct {
		People []struct {
			Name  string     `json:"n"`
			Stays [][3]int64 `json:"s"`
		} `json:"people"`
		Steps [][3]int64 `json:"steps"`
	}
	if err := json.Unmarshal([]byte(rawText(page.id(t, "charts"))), &charts); err != nil {
		t.Fatalf("data of the charts: %v", err)
	}
	if len(charts.People) != people || len(charts.Steps) == 0 {
		t.Errorf("the charts have %d people and %d steps, want %d and some", len(charts.People), len(charts.Steps), people)
	}
	for _, p := range charts.People {
		if len(p.Stays) == 0 {
			t.Errorf("%q has no stay in the timeline", p.Name)
		}
	}
}

func rawText(n *node) string {
	if n.FirstChild == nil {
		return ""
	}
	return n.FirstChild.Data
}

// TestHostileNames puts names of every kind through the whole path: each stands
// in its row as it is, and no element of the page comes from one.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Sessions: 1, Participants: len(hostile), EventsPerParticipant: 3}, 1, at)
	s := data.Apps[0].Sessions[0]
	data.Apps[0].Name, s.MeetingTitle = hostile[1], hostile[0]
	for i, p := range s.Participants {
		p.DisplayName, p.CustomParticipantID, p.PresetName = hostile[i], clip(hostile[len(hostile)-1-i]), hostile[0]
	}
	pool := warehouse(t, data)
	pages := map[string]*node{
		"session": sessionPage(t, pool, s.ID, "session-hostile.html"),
		"range":   rangePage(t, pool, report.Span{From: at.AddDate(0, 0, -1).Truncate(24 * time.Hour), To: at.Truncate(24*time.Hour).AddDate(0, 0, 1)}, "range-hostile.html"),
	}
	for kind, page := range pages {
		if n := len(page.tags("script")); n != 3 {
			t.Errorf("the %s page has %d scripts, want its own 3", kind, n)
		}
		if n := len(page.tags("img")); n != 0 {
			t.Errorf("the %s page has %d images from a name", kind, n)
		}
		for _, e := range page.all(func(*node) bool { return true }) {
			for _, a := range e.Attr {
				if strings.HasPrefix(a.Key, "on") {
					t.Errorf("the %s page has a handler %s=%q from a name", kind, a.Key, a.Val)
				}
			}
		}
	}
	shown := map[string]bool{}
	for _, e := range pages["session"].id(t, "attendance").tags("bdi") {
		if e.attr("class") == "name" {
			shown[rawText(e)] = true
		}
	}
	for _, name := range hostile {
		name = strings.NewReplacer("\x01", "\uFFFD", "\x1f", "\uFFFD", "\x7f", "\uFFFD").Replace(name)
		if !shown[name] {
			t.Errorf("the table has no row for %.60q", name)
		}
	}
	checkCharts(t, pages["session"], len(hostile))
}

// TestSizes makes pages of 3 and of 3,000 people.
func TestSizes(t *testing.T) {
	sampling.Long(t)
	t.Parallel()
	for _, people := range []int{3, 3000} {
		data := simulator.Generate(simulator.Size{Sessions: 1, Participants: people, EventsPerParticipant: 5}, 1, at)
		pool := warehouse(t, data)
		page := sessionPage(t, pool, data.Apps[0].Sessions[0].ID, fmt.Sprintf("session-%d.html", people))
		if n := len(page.id(t, "attendance").rows()); n != people {
			t.Errorf("the table has %d rows, want %d", n, people)
		}
		checkCharts(t, page, people)
	}
}

// TestRange holds the page of the demo's fortnight against the views.
func TestRange(t *testing.T) {
	t.Parallel()
	pool := warehouse(t, simulator.Demo(1, at))
	span := report.Span{From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}
	page := rangePage(t, pool, span, "range-demo.html")
	var days, sessions, presets int
	if err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM analytics.daily_usage WHERE usage_date BETWEEN '2026-11-01' AND '2026-11-30'),
		(SELECT count(*) FROM analytics.session_bounds WHERE starts_at >= '2026-11-01' AND starts_at < '2026-12-01'),
		(SELECT count(*) FROM (SELECT DISTINCT preset_name, preset_view_type FROM analytics.preset_usage) AS p)`).Scan(&days, &sessions, &presets); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]int{"days": days, "attendance": sessions, "preset-table": presets} {
		if n := len(page.id(t, id).rows()); n != want || want == 0 {
			t.Errorf("table %s has %d rows, the view %d; want the same, and some", id, n, want)
		}
	}
	var hours string
	if err := pool.QueryRow(t.Context(), `SELECT to_char(round((sum(person_seconds) / 3600)::numeric, 1), 'FM999,990.0') FROM analytics.daily_usage
		WHERE usage_date BETWEEN '2026-11-01' AND '2026-11-30'`).Scan(&hours); err != nil {
		t.Fatal(err)
	}
	if figures := page.tags("dl")[0].text(); !strings.Contains(figures, "Person-hours"+hours) && !strings.Contains(figures, "Person-hours "+hours) {
		t.Errorf("figures %q do not have %s person-hours", figures, hours)
	}
}

// TestRangeOfCenturies has a session that claims to be of long ago: the chart does
// not draw each day since.
func TestRangeOfCenturies(t *testing.T) {
	t.Parallel()
	data := simulator.Generate(simulator.Size{Sessions: 2, Participants: 3, EventsPerParticipant: 5}, 1, at)
	old := data.Apps[0].Sessions[0]
	long := time.Date(2, 3, 4, 5, 0, 0, 0, time.UTC)
	old.CreatedAt, old.StartedAt, old.EndedAt = long, long, long.Add(time.Hour)
	pool := warehouse(t, data)
	if _, err := pool.Exec(t.Context(), `SELECT analytics.refresh()`); err != nil {
		t.Fatal(err)
	}
	page := rangePage(t, pool, report.Span{From: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, "range-centuries.html")
	days := len(page.id(t, "days").rows())
	if drawn := strings.Count(rawText(page.id(t, "charts")), `"0002-`) + strings.Count(rawText(page.id(t, "charts")), `"2026-`); drawn != days || days < 2 {
		t.Errorf("%d days are drawn, want the %d with usage", drawn, days)
	}
	if size := len(rawText(page.id(t, "charts"))); size > 10_000 {
		t.Errorf("the charts take %d bytes", size)
	}
	if !strings.Contains(page.text(), "Days without usage are left out") {
		t.Error("nothing says that the chart has gaps")
	}
}

// TestSessionOverMidnight moves the end of a session to the next day: no time on
// its page is without its day.
func TestSessionOverMidnight(t *testing.T) {
	t.Parallel()
	pool := warehouse(t, simulator.Demo(1, at))
	const longest = `(SELECT session_id FROM analytics.session_summary WHERE unique_people BETWEEN 20 AND 40 AND status = 'ENDED' ORDER BY session_id LIMIT 1)`
	var id string
	if err := pool.QueryRow(t.Context(), `UPDATE realtimekit.sessions SET ended_at = ended_at + interval '1 day'
		WHERE session_id = `+longest+` RETURNING session_id::text`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	changedByHand(t, pool)
	page := sessionPage(t, pool, id, "session-midnight.html")
	for name, headings := range map[string][]string{"attendance": {"First join", "Last leave"}, "points": {"Time"}} {
		for _, cells := range page.id(t, name).under(t, headings...) {
			for _, at := range cells {
				if !strings.HasPrefix(at, "2026-") {
					t.Errorf("table %s has the time %q without a day", name, at)
				}
			}
		}
	}
	if text := page.text(); !regexp.MustCompile(`The peak was [0-9]+ people, from 2026-[0-9-]+ [0-9:]+\.`).MatchString(text) {
		t.Error("the peak has no day")
	}
	if !strings.Contains(rawText(page.id(t, "charts")), `"spanDays":true`) {
		t.Error("the charts do not know that the session spans days")
	}
}

// TestPeopleOfARange gives people a new user_id with each device: by their custom id
// they are the same people.
func TestPeopleOfARange(t *testing.T) {
	t.Parallel()
	pool := warehouse(t, simulator.Demo(1, at))
	span := report.Span{From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}
	before := differentPeople(t, pool, span)
	tag, err := pool.Exec(t.Context(), `UPDATE realtimekit.participants SET user_id = participant_id::text WHERE custom_participant_id IS NOT NULL`)
	if err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("%s: %v", tag, err)
	}
	changedByHand(t, pool)
	if after := differentPeople(t, pool, span); after != before || before == "" {
		t.Errorf("different people: %q with one user_id each, %q with many", before, after)
	}
}

// TestAppsOfOneName has two apps called alike, as two accounts may: tables and freshness tell
// which is which.
func TestAppsOfOneName(t *testing.T) {
	t.Parallel()
	in, out := "2026-03-10 10:00Z", "2026-03-10 11:00Z"
	pool := byHand(t, in, out, presence{"u1", "ann", "Ann", in, out})
	pgtest.Exec(t, pool, `INSERT INTO realtimekit.apps (app_id, account_id, name, first_synced_at, synced_at, run_id)
			SELECT unnest('{b,c}'::text[]), 'another', name, now(), now(), 1 FROM realtimekit.apps;
		UPDATE realtimekit.apps SET name = 'alone' WHERE app_id = 'c';
		INSERT INTO realtimekit.sessions (session_id, app_id, status, started_at, ended_at, created_at, first_synced_at, synced_at, run_id)
			SELECT gen_random_uuid(), unnest('{b,c}'::text[]), status, started_at, ended_at, created_at, now(), now(), 1 FROM realtimekit.sessions`)
	changedByHand(t, pool)
	day := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	name := pgtest.Text(t, pool, `SELECT name FROM realtimekit.apps WHERE app_id = 'a'`)
	page := rangePage(t, pool, report.Span{From: day, To: day.AddDate(0, 0, 1)}, "")
	var apps []string
	for _, row := range page.id(t, "days").rows() {
		apps = append(apps, row[1])
	}
	if diff := cmp.Diff([]string{name + " (a)", name + " (b)", "alone"}, apps); diff != "" {
		t.Errorf("apps of the days:\n%s", diff)
	}
	if text := page.text(); !strings.Contains(text, name+" (b): never listed to the end") {
		t.Errorf("how fresh b is: %s", text)
	}
}

// changedByHand is what to call after rows were changed by hand.
func changedByHand(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for _, sql := range []string{
		`INSERT INTO analytics.stale_sessions (session_id) SELECT session_id FROM realtimekit.sessions`, `SELECT analytics.refresh(10000)`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}

// differentPeople gives that figure of a range's page.
func differentPeople(t *testing.T, pool *pgxpool.Pool, span report.Span) string {
	t.Helper()
	return regexp.MustCompile(`Different people *[0-9,]+`).FindString(rangePage(t, pool, span, "").tags("dl")[0].text())
}

// TestRangeErrors asks for the range of an app that is not there.
func TestRangeErrors(t *testing.T) {
	t.Parallel()
	pool := warehouse(t, simulator.Demo(1, at))
	old := report.Span{From: at.AddDate(-1, 0, 0), To: at.AddDate(-1, 0, 1)}
	old.App = "nosuchapp"
	if _, err := report.Range(t.Context(), pool, new(bytes.Buffer), old, options); err == nil || !strings.Contains(err.Error(), `app "nosuchapp" is not in the warehouse; it holds: `) {
		t.Errorf("an app that is not there: %v", err)
	}
}

// The chart library as npm publishes it: dist/echarts.min.js of echarts 6.1.0.
const echartsDigest = "sha512-Uyq/AgtqFM4vT+unIGTDr4wMJDTUK9O5w2PXMQeBCSR8koqHpVz+qBmcQ+9Oeo5H+EmvT4pp/5QrsqhIbyjHTQ=="

// TestLibraryIsUntouched compares the embedded library with what was published.
func TestLibraryIsUntouched(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("assets/echarts.min.js")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(text)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != echartsDigest {
		t.Errorf("assets/echarts.min.js has the digest %s, want %s", got, echartsDigest)
	}
}
