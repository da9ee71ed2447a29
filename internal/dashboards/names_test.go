package dashboards_test

import "testing"

// TestAppsOfOneName gives all apps one name: Grafana keeps the last of two values with
// one time and one name, so that none may share both.
func TestAppsOfOneName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.owner.Exec(t.Context(), `UPDATE realtimekit.apps SET name = 'School'`); err != nil {
		t.Fatal(err)
	}
	for _, b := range boards(t) {
		for _, p := range b.queries() {
			if p.Type != "timeseries" {
				continue
			}
			a := w.ask(t, w.view, p.Targets[0].RawSQL)
			if len(a.columns) < 2 || a.columns[1] != "metric" {
				continue
			}
			seen := make(map[[2]string]bool)
			metrics := a.column(t, "metric")
			for i, at := range a.column(t, "time") {
				point := [2]string{at, metrics[i]}
				if seen[point] {
					t.Errorf("%s, %q: two values of %v", b.File, p.Title, point)
				}
				seen[point] = true
			}
		}
	}
}
