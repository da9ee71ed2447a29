package extract

import (
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/simulator"
)

// Answers made to exhaust the reader. Each stays within the limit of a body (here
// 12 MiB), and so must what becomes of it in memory; its end is an answer or an
// error, soon.
func TestHostileBodiesStayBounded(t *testing.T) {
	const size = 12 << 20
	fill := func(unit string) string { return strings.Repeat(unit, size/len(unit)-1000) }
	list := func(rows string) string { return `{"success":true,"data":{"participants":[` + rows + `]}}` }
	person := func(members string) string {
		return list(`{"id":"aaaaaaaa-0000-4000-8000-000000000001",` + members + `}`)
	}
	event := `{"id":"aaaaaaaa-0000-4000-8000-000000000002"},`
	for name, tt := range map[string]struct {
		body string
		want string // in the error; "" is an answer
	}{
		"depth":                    {list(fill(`[`)), "exceeded max depth"},
		"depth, closed":            {list(strings.Repeat(`[`, size/2-100) + strings.Repeat(`]`, size/2-100)), "exceeded max depth"},
		"depth of objects":         {list(fill(`{"a":`)), "exceeded max depth"},
		"depth of an unknown":      {person(`"x":` + strings.Repeat(`[`, 9000) + strings.Repeat(`]`, 9000)), ""},
		"events without a thing":   {person(`"peer_events":[` + fill(`{},`) + `{}]`), "more than"},
		"events that are numbers":  {person(`"peer_events":[` + fill(`0,`) + `0]`), "more than"},
		"events":                   {person(`"peer_events":[` + fill(event) + strings.TrimSuffix(event, ",") + `]`), "more than"},
		"participants that are {}": {list(fill(`{},`) + `{}`), "more than"},
		"participants of nothing":  {list(fill(`0,`) + `0`), "more than"},
		"unknown members":          {person(fill(`"a":0,`) + `"z":1`), ""},
		"a long name":              {person(`"display_name":"` + fill(`x`) + `"`), ""},
		"a name of escapes":        {person(`"display_name":"` + fill(`\u0000`) + `"`), ""},
		"a long id":                {person(`"user_id":"` + fill(`x`) + `"`), ""},
		"a long number":            {person(`"duration":` + fill(`9`)), ""},
		"a long message":           {`{"success":false,"message":"` + fill(`x`) + `"}`, "status 200 without data"},
		"errors without end":       {`{"success":false,"errors":[` + fill(`{"code":1},`) + `{}]}`, "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			data := bulk(1)
			client, _ := newClient(t, "http://localhost:1/client/v4", func(c *Config) { c.MaxBody, c.RetryFor = size, 0 })
			answers := uint64(0)
			client.http.Transport = inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answers++ // a list that does not add up is read twice
				simulator.Reply(http.StatusOK, nil, tt.body)(w, r, nil)
			})}
			before := allocated()
			began := time.Now()
			got, err := rig{Client: client, data: data}.participants(t.Context())
			took, used := time.Since(began), allocated()-before
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 600) {
				t.Errorf("got %.700v", err)
			}
			t.Logf("%d MiB allocated in %s, %d events, %d set aside", used>>20, took.Round(time.Millisecond), len(got.events), len(got.rejected))
			if used > 60*size*answers {
				t.Errorf("%d MiB allocated for %d bodies of %d MiB", used>>20, answers, len(tt.body)>>20)
			}
		})
	}
}

// allocated gives the bytes allocated so far, whether or not they are still in
// use: a bound of what an answer can come to.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
