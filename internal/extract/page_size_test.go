package extract

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// bounded refuses pages of more than most rows, in the words of the API.
func bounded(most int) simulator.Fault {
	return simulator.Fault{Path: "*/participants", Answer: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if size, err := strconv.Atoi(r.URL.Query().Get("per_page")); err != nil || size > most {
			simulator.KitError(400, fmt.Sprintf("BAD_REQUEST: \"per_page\" must be less than or equal to %d", most))(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}}
}

// A page that is too large for the API is asked for by half, and the next list of the
// kind begins with what was taken.
func TestPageSizeThatIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ perPage, most, first, next int }{
		{1000, 200, 2, 2},     // 200 from the start, as documented: 2 pages
		{1000, 150, 4, 3},     // 200 refused, then 100 rows each
		{40, 40, 8, 8},        // nothing refused
		{160, 30, 16 + 2, 15}, // twice halved and once more: 20 rows each
	} {
		r := newRig(t, bulk(300), simulator.Options{Script: []simulator.Fault{bounded(tt.most)}}, func(c *Config) { c.PerPage = tt.perPage })
		for i, want := range []int{tt.first, tt.next} {
			before := r.requests()
			got, err := r.participants(t.Context())
			if err != nil || !got.pass.Sound() {
				t.Fatalf("%+v: %+v, %v", tt, got.pass, err)
			}
			if diff := cmp.Diff(r.truth(), got.ids()); diff != "" {
				t.Errorf("%+v: rows read (+) and there (-): %s", tt, diff)
			}
			if spent := r.requests() - before; spent != want {
				t.Errorf("%+v: reading %d took %d requests, want %d", tt, i+1, spent, want)
			}
		}
	}
}

// No size is small enough: the refusal is told, and the search for one has an end.
func TestNoPageSizeIsTaken(t *testing.T) {
	t.Parallel()
	r := newRig(t, bulk(3), simulator.Options{Script: []simulator.Fault{bounded(0)}}, func(c *Config) { c.PerPage = 100 })
	if _, err := r.participants(t.Context()); err == nil || r.requests() > 7 {
		t.Errorf("%d requests: %v", r.requests(), err)
	}
}
