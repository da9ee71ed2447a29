package distributed

import (
	"bytes"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rollcall-etl/rollcall/internal/cli"
	"github.com/rollcall-etl/rollcall/internal/naming"
	"github.com/rollcall-etl/rollcall/internal/pgtest"
	"github.com/rollcall-etl/rollcall/internal/report"
	"github.com/rollcall-etl/rollcall/internal/simulator"
	"github.com/rollcall-etl/rollcall/internal/testbed"
)

// asProgram makes the test binary the program.
const asProgram = "ROLLCALL_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		_ = os.Unsetenv(asProgram)
		cli.Main()
		return
	}
	pgtest.Main(m, pgtest.Migrated)
}

// commands runs those that read, by themselves, against the cluster.
func commands(t *testing.T, pool *pgxpool.Pool, url string) {
	t.Helper()
	data := ended()
	server := httptest.NewServer(simulator.New(data, simulator.Options{Token: testbed.Token, Now: now}))
	defer server.Close()
	dir := t.TempDir()
	env := []string{
		asProgram + "=1", "HOME=" + dir, "PATH=" + os.Getenv("PATH"), "DATABASE_URL=" + url, "CLOUDFLARE_BASE_URL=" + server.URL + "/client/v4",
		"CLOUDFLARE_ACCOUNT_ID=" + data.AccountID, "CLOUDFLARE_API_TOKEN=" + testbed.Token, "ROLLCALL_REQUESTS_PER_SECOND=1000",
	}
	if prefix := naming.Prefix(); prefix != "" {
		env = append(env, "ROLLCALL_SCHEMA_PREFIX="+prefix)
	}
	session := pgtest.Text(t, pool, `SELECT min(session_id::text) FROM analytics.register AS r, unnest(r.session_ids) AS session_id`)
	meeting := pgtest.Text(t, pool, `SELECT min(meeting_id) FROM analytics.register`)
	page, rows := "--output="+filepath.Join(dir, "page"), "--output="+filepath.Join(dir, "rows")
	for _, line := range []string{
		"status",
		"doctor",
		"sessions",
		"rejects list",
		"rejects retry",
		"pseudonymise --dry-run",
		"retention --older-than 5d --dry-run",
		"run --dry-run",
		"verify --ids --from 2026-11-10 --to 2026-11-18",
		"report --last " + page,
		"report --session " + session + " " + page,
		"report --from 2026-11-09 --to 2026-11-18 " + page,
		"report --register --meeting " + meeting + " --from 2026-11-01 --to 2026-11-18 " + page,
		"report --person stu-1040 " + page,
		"report --person stu-1040 --format json " + page,
		"report --view person_attendance --format csv " + rows,
		"report --view session_summary --format json " + rows,
		"report --view daily_usage --format parquet " + rows,
		"report --view register --format xlsx " + rows,
	} {
		run := exec.CommandContext(t.Context(), os.Args[0], strings.Fields(line)...)
		run.Env, run.Dir = env, dir
		if out, err := run.CombinedOutput(); err != nil {
			t.Errorf("rollcall %s: %v\n%.3000s", line, err, out)
		}
	}
}

// whenRead are the members that tell when a row was read.
var whenRead = regexp.MustCompile(`"(first_synced_at|synced_at|asked_at|last_listed_at|excuse_id)":("[^"]*"|\d+)`)

// samePerson wants all that is stored of a person as on one server, with the clock times of
// the zone that was asked for, which are not those of the nodes.
func samePerson(t *testing.T, one, many *pgxpool.Pool) {
	t.Helper()
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	var texts [2]string
	for i, pool := range []*pgxpool.Pool{one, many} {
		var out bytes.Buffer
		if _, err := report.PersonJSON(t.Context(), pool, &out, report.OnePerson{ID: "stu-1040"}, report.Options{Zone: tokyo, Now: at}); err != nil {
			t.Fatal(err)
		}
		texts[i] = whenRead.ReplaceAllString(out.String(), `"$1":0`)
	}
	if diff := cmp.Diff(texts[0], texts[1]); diff != "" || !strings.Contains(texts[0], "+09:00") {
		t.Errorf("a person as JSON differs (- on one server, + on the cluster):\n%.3000s", diff)
	}
}
