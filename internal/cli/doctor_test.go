package cli

import (
	"testing"
	"time"

	"github.com/rollcall-etl/rollcall/internal/postgres"
)

func TestDoctorJudgesWhatItSees(t *testing.T) {
	t.Parallel()
	var c doctorCommand
	c.Concurrency = 4 // a run opens 9 connections
	unlimited := postgres.Facts{Most: 97, RoleLimit: -1, DatabaseLimit: -1}
	with := func(change func(*postgres.Facts)) *postgres.Facts {
		f := unlimited
		change(&f)
		return &f
	}
	for name, tt := range map[string]struct {
		judge func(*checks)
		want  string
	}{
		"clock that agrees":    {func(to *checks) { judgeClock(to, "clock", -time.Second) }, checkOK},
		"clock a minute ahead": {func(to *checks) { judgeClock(to, "clock", time.Minute) }, checkWarning},
		"clock an hour behind": {func(to *checks) { judgeClock(to, "clock", -time.Hour) }, checkProblem},

		"room":                {func(to *checks) { c.connections(to, with(func(f *postgres.Facts) { f.Used = 89 })) }, checkOK},
		"no room":             {func(to *checks) { c.connections(to, with(func(f *postgres.Facts) { f.Used = 90 })) }, checkProblem},
		"a limit of the role": {func(to *checks) { c.connections(to, with(func(f *postgres.Facts) { f.RoleLimit = 8 })) }, checkProblem},

		"disk with room":    {func(to *checks) { disk(to, with(func(f *postgres.Facts) { f.DataDirectory = t.TempDir() }), nil) }, checkOK},
		"disk out of sight": {func(to *checks) { disk(to, &unlimited, nil) }, checkSkipped},

		"no TLS":            {func(to *checks) { encryption(to, &unlimited) }, checkWarning},
		"TLS, unchecked":    {func(to *checks) { encryption(to, &postgres.Facts{Encrypted: true, Verified: "no"}) }, checkWarning},
		"TLS, issuer only":  {func(to *checks) { encryption(to, &postgres.Facts{Encrypted: true, Verified: "issuer"}) }, checkWarning},
		"TLS, checked":      {func(to *checks) { encryption(to, &postgres.Facts{Encrypted: true, Verified: "name"}) }, checkOK},
		"on this machine":   {func(to *checks) { encryption(to, &postgres.Facts{Local: true}) }, checkOK},
		"an ordinary role":  {func(to *checks) { role(to, &unlimited, nil) }, checkOK},
		"a role with power": {func(to *checks) { role(to, &postgres.Facts{Powers: []string{"SUPERUSER"}}, nil) }, checkWarning},
	} {
		var got checks
		tt.judge(&got)
		if len(got) != 1 || got[0].State != tt.want || got[0].Text == "" || (got[0].ToDo == "") != (tt.want == checkOK || tt.want == checkSkipped) {
			t.Errorf("%s: %+v, want one %s with what to do", name, got, tt.want)
		}
	}
}
