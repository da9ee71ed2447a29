package dashboards_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// view is what Grafana puts into a query: the range of the dashboard and the
// values of its variables.
type view struct {
	from, to  time.Time
	variables map[string][]string
}

var macro = regexp.MustCompile(`\$(__\w+)\(([^)]*)\)`)

// expand does to a query what Grafana does before it sends it: first the
// variables, in the browser; then the macros, in its server.
func (v view) expand(t *testing.T, sql string) string {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(v.variables)) {
		sql = strings.ReplaceAll(sql, "${"+name+":sqlstring}", sqlString(v.variables[name]))
	}
	return macro.ReplaceAllStringFunc(sql, func(call string) string {
		part := macro.FindStringSubmatch(call)
		from, to := "'"+v.from.UTC().Format(time.RFC3339Nano)+"'", "'"+v.to.UTC().Format(time.RFC3339Nano)+"'"
		switch part[1] {
		case "__timeFilter":
			return fmt.Sprintf("%s BETWEEN %s AND %s", part[2], from, to)
		case "__timeFrom":
			return from
		case "__timeTo":
			return to
		}
		t.Errorf("the macro %s is not expanded by this test", call)
		return call
	})
}

// sqlString is Grafana's format of that name. A variable without a value is an
// empty text.
func sqlString(values []string) string {
	if len(values) == 0 {
		return "''"
	}
	quoted := make([]string, len(values))
	for i, value := range values {
		quoted[i] = "'" + strings.ReplaceAll(value, "'", "''") + "'"
	}
	return strings.Join(quoted, ",")
}

func TestExpand(t *testing.T) {
	t.Parallel()
	v := view{
		time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 2, 12, 0, 0, 500e6, time.UTC),
		map[string][]string{"app": {"a", "o'b"}, "session": nil},
	}
	got := v.expand(t, `$__timeFilter(s.started_at) AND d > $__timeFrom()::date AND app_id IN (${app:sqlstring}) AND x = nullif(${session:sqlstring}, '')`)
	want := `s.started_at BETWEEN '2026-11-01T00:00:00Z' AND '2026-11-02T12:00:00.5Z' AND d > '2026-11-01T00:00:00Z'::date AND app_id IN ('a','o''b') AND x = nullif('', '')`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
