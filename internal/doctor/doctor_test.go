package doctor

import (
	"strings"
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
	"github.com/rollcall-etl/rollcall/internal/postgres"
)

func TestJudgesWhatItSees(t *testing.T) {
	t.Parallel()
	c, many := Config{Connections: 9}, Config{Connections: 9, SideBySide: 8}
	unlimited := postgres.Facts{Most: 97, RoleLimit: -1, DatabaseLimit: -1}
	with := func(change func(*postgres.Facts)) *postgres.Facts {
		f := unlimited
		change(&f)
		return &f
	}
	for name, tt := range map[string]struct {
		judge func(*Checks)
		want  string
	}{
		"clock that agrees":    {func(to *Checks) { judgeClock(to, "clock", -time.Second) }, OK},
		"clock a minute ahead": {func(to *Checks) { judgeClock(to, "clock", time.Minute) }, Warning},
		"clock an hour behind": {func(to *Checks) { judgeClock(to, "clock", -time.Hour) }, Problem},

		"room":                {func(to *Checks) { c.connections(to, with(func(f *postgres.Facts) { f.Used = 89 })) }, OK},
		"no room":             {func(to *Checks) { c.connections(to, with(func(f *postgres.Facts) { f.Used = 90 })) }, Problem},
		"a limit of the role": {func(to *Checks) { c.connections(to, with(func(f *postgres.Facts) { f.RoleLimit = 8 })) }, Problem},

		"room for accounts":    {func(to *Checks) { many.connections(to, with(func(f *postgres.Facts) { f.Used = 88 })) }, OK}, // runs that are under way, as far as one can see
		"no room for accounts": {func(to *Checks) { many.connections(to, with(func(f *postgres.Facts) { f.Most = 71 })) }, Problem},
		"a limit of accounts":  {func(to *Checks) { many.connections(to, with(func(f *postgres.Facts) { f.RoleLimit = 71 })) }, Problem},

		"disk with room":    {func(to *Checks) { disk(to, with(func(f *postgres.Facts) { f.DataDirectory = t.TempDir() }), nil) }, OK},
		"disk out of sight": {func(to *Checks) { disk(to, &unlimited, nil) }, Skipped},

		"a standby that is gone": {func(to *Checks) { c.server(to, &postgres.Facts{AwaitsNobody: true}, nil) }, Problem},

		"no TLS":            {func(to *Checks) { encryption(to, &unlimited) }, Warning},
		"TLS, unchecked":    {func(to *Checks) { encryption(to, &postgres.Facts{Encrypted: true, Verified: "no"}) }, Warning},
		"TLS, issuer only":  {func(to *Checks) { encryption(to, &postgres.Facts{Encrypted: true, Verified: "issuer"}) }, Warning},
		"TLS, checked":      {func(to *Checks) { encryption(to, &postgres.Facts{Encrypted: true, Verified: "name"}) }, OK},
		"on this machine":   {func(to *Checks) { encryption(to, &postgres.Facts{Local: true}) }, OK},
		"an ordinary role":  {func(to *Checks) { role(to, &unlimited, nil) }, OK},
		"a role with power": {func(to *Checks) { role(to, &postgres.Facts{Powers: []string{"SUPERUSER"}}, nil) }, Warning},

		"no queue":               {func(to *Checks) { queue(to, &model.Overview{}) }, OK},
		"a queue of a standby":   {func(to *Checks) { queue(to, &model.Overview{Standby: true}) }, Skipped},
		"a queue that is worked": {func(to *Checks) { queue(to, queued(time.Minute, 0, 2)) }, OK},
		"a queue of nobody":      {func(to *Checks) { queue(to, queued(time.Hour, 0, 0)) }, Warning},
		"a slow queue":           {func(to *Checks) { queue(to, queued(time.Hour, 0, 2)) }, Warning},
		"jobs that fail":         {func(to *Checks) { queue(to, queued(0, 1, 2)) }, Warning},
	} {
		var got Checks
		tt.judge(&got)
		if len(got) != 1 || got[0].State != tt.want || got[0].Text == "" || (got[0].ToDo == "") != (tt.want == OK || tt.want == Skipped) {
			t.Errorf("%s: %+v, want one %s with what to do", name, got, tt.want)
		}
	}
}

// queued gives a queue in which a session has waited for so long.
func queued(wait time.Duration, failing, workers int64) *model.Overview {
	o := &model.Overview{At: time.Now()}
	since := o.At.Add(-wait)
	o.Queue = &model.QueueOverview{Due: 1, Failing: failing, Workers: workers, OldestAt: &since}
	return o
}

// Who has webhooks and no worker is told what to start.
func TestQueueOfNobodyNamesTheCommand(t *testing.T) {
	t.Parallel()
	var none, slow Checks
	queue(&none, queued(time.Hour, 0, 0))
	queue(&slow, queued(time.Hour, 0, 2))
	if !strings.Contains(none[0].ToDo, "start rollcall work") || strings.Contains(slow[0].ToDo, "start rollcall work") {
		t.Errorf("%q, %q", none[0].ToDo, slow[0].ToDo)
	}
}
