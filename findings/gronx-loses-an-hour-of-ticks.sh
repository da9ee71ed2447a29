#!/usr/bin/env bash
# github.com/adhocore/gronx v1.20.4: NextTickAfter in the night in which clocks are put back. Every
# half hour has a pause of an hour and a half: from 01:30 it goes to the second 02:00, over the first
# 02:00 and 02:30. "*/5 * * * *" and "0 * * * *" lose the same hour, "* * * * *" does not.
# github.com/robfig/cron/v3 v3.0.1 has every tick. What is sampled by such a rule, as the number of
# people in a room, has a hole in that night. Known is a search that never ended there, mended in
# May 2026; that an hour is left out was found in no issue.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
export GOMODCACHE=$tmp/modules GOFLAGS=-modcacherw
go mod init finding >/dev/null 2>&1
go get github.com/adhocore/gronx@v1.20.4 github.com/robfig/cron/v3@v3.0.1 2>/dev/null
cat >main.go <<'GO'
package main

import (
	"fmt"
	"time"
	_ "time/tzdata"

	"github.com/adhocore/gronx"
	"github.com/robfig/cron/v3"
)

func main() {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	start := time.Date(2026, 10, 25, 0, 59, 0, 0, berlin)
	end := time.Date(2026, 10, 25, 4, 0, 0, 0, berlin)
	for _, rule := range []string{"*/30 * * * *", "0 * * * *", "*/5 * * * *", "* * * * *"} {
		schedule, err := cron.ParseStandard(rule)
		if err != nil {
			panic(err)
		}
		show(rule, "robfig/cron", start, end, schedule.Next)
		show(rule, "gronx", start, end, func(t time.Time) time.Time {
			next, err := gronx.NextTickAfter(rule, t, false)
			if err != nil {
				panic(err)
			}
			return next
		})
	}
}

func show(rule, name string, t, end time.Time, next func(time.Time) time.Time) {
	ticks, longest := []string(nil), time.Duration(0)
	for {
		n := next(t)
		if n.After(end) {
			break
		}
		longest = max(longest, n.Sub(t))
		t = n
		ticks = append(ticks, t.Format("15:04Z07"))
	}
	fmt.Printf("%s, %s: %d ticks, longest pause %s", rule, name, len(ticks), longest)
	if len(ticks) < 10 {
		fmt.Print(" ", ticks)
	}
	fmt.Println()
}
GO
go mod tidy 2>/dev/null
go run . | tee seen
diff - seen <<'SEEN'
*/30 * * * *, robfig/cron: 9 ticks, longest pause 30m0s [01:00+02 01:30+02 02:00+02 02:30+02 02:00+01 02:30+01 03:00+01 03:30+01 04:00+01]
*/30 * * * *, gronx: 7 ticks, longest pause 1h30m0s [01:00+02 01:30+02 02:00+01 02:30+01 03:00+01 03:30+01 04:00+01]
0 * * * *, robfig/cron: 5 ticks, longest pause 1h0m0s [01:00+02 02:00+02 02:00+01 03:00+01 04:00+01]
0 * * * *, gronx: 4 ticks, longest pause 2h0m0s [01:00+02 02:00+01 03:00+01 04:00+01]
*/5 * * * *, robfig/cron: 49 ticks, longest pause 5m0s
*/5 * * * *, gronx: 37 ticks, longest pause 1h5m0s
* * * * *, robfig/cron: 241 ticks, longest pause 1m0s
* * * * *, gronx: 241 ticks, longest pause 1m0s
SEEN
