package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// deadMansSwitch keeps the pings that it got.
type deadMansSwitch struct {
	*httptest.Server
	mu    sync.Mutex
	pings []sentPing
}

type sentPing struct{ text, rid string }

func newSwitch() *deadMansSwitch {
	d := &deadMansSwitch{}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.pings = append(d.pings, sentPing{fmt.Sprintf("%s %s %s", r.Method, r.URL.Path, body), r.URL.Query().Get("rid")})
		_, _ = w.Write([]byte("OK"))
	}))
	return d
}

var ridPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// pings checks what the dead man's switch got since the last time, all of one
// run: pings pattern…
func pings(ts *testscript.TestScript, neg bool, args []string) {
	d := ts.Value("switch").(*deadMansSwitch)
	d.mu.Lock()
	defer d.mu.Unlock()
	got := d.pings
	d.pings = nil
	if neg || len(got) != len(args) {
		ts.Fatalf("%d pings, want %d: %q", len(got), len(args), got)
	}
	for i, p := range got {
		if !regexp.MustCompile("^" + args[i]).MatchString(p.text) {
			ts.Fatalf("ping %d is %q, want %q", i+1, p.text, args[i])
		}
		if strings.Contains(p.text, " /ping-secret") && !ridPattern.MatchString(p.rid) || p.rid != got[0].rid {
			ts.Fatalf("ping %d has rid %q, the first %q", i+1, p.rid, got[0].rid)
		}
	}
}
