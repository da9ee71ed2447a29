#!/usr/bin/env bash
# github.com/grafana/grafana-plugin-sdk-go v0.299.0: data.LongToWide, by which data sources for SQL
# make a time series of rows. Of two rows with one time and the same labels, as of two lessons of
# one title that start together, the last is kept and the other is gone: 54 people are 34. Where a
# label has no row at some time, a column that is not nullable gets 0 and not null: that nobody
# came, where there was no lesson. No error, no notice. Its comment says nothing of two such rows.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
export GOMODCACHE=$tmp/modules GOFLAGS=-modcacherw
go mod init finding >/dev/null 2>&1
go get github.com/grafana/grafana-plugin-sdk-go/data@v0.299.0 2>/dev/null
cat >main.go <<'GO'
package main

import (
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

func main() {
	nine := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	people := []int64{20, 22, 5, 7}
	maybe := make([]*int64, len(people))
	for i := range people {
		maybe[i] = &people[i]
	}
	times := data.NewField("time", nil, []time.Time{nine, nine, nine, nine.Add(time.Hour)})
	title := data.NewField("title", nil, []string{"Biology", "Biology", "Chess", "Chess"})
	show("not nullable", data.NewFrame("lessons", times, title, data.NewField("people", nil, people)))
	show("nullable", data.NewFrame("lessons", times, title, data.NewField("people", nil, maybe)))
}

func show(name string, long *data.Frame) {
	wide, err := data.LongToWide(long, nil)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s: %d rows with 54 people become\n", name, long.Rows())
	for _, field := range wide.Fields[1:] {
		fmt.Print("  ", field.Labels, ":")
		for i := range field.Len() {
			if v, there := field.ConcreteAt(i); there {
				fmt.Print(" ", v)
			} else {
				fmt.Print(" null")
			}
		}
		fmt.Println()
	}
	fmt.Println("  notices:", wide.Meta != nil && len(wide.Meta.Notices) > 0)
}
GO
go run . | tee seen
diff - seen <<'SEEN'
not nullable: 4 rows with 54 people become
  title=Biology: 22 0
  title=Chess: 5 7
  notices: false
nullable: 4 rows with 54 people become
  title=Biology: 22 null
  title=Chess: 5 7
  notices: false
SEEN
