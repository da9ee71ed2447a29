#!/usr/bin/env bash
# github.com/pressly/goose/v3 v3.29.0: a program that is older than its database
# learns of it nowhere. A Provider that knows two of three applied migrations has
# nothing pending, Up and Status are content. Only GetVersions tells (current 3,
# target 2). Down and DownTo, the way out of a bad release, are refused until the
# newer program is back.
# Tried with modernc.org/sqlite v1.60.1.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
export GOMODCACHE=$tmp/modules GOFLAGS=-modcacherw
go mod init finding >/dev/null 2>&1
go get github.com/pressly/goose/v3@v3.29.0 modernc.org/sqlite@v1.60.1 2>/dev/null
cat >main.go <<'GO'
package main

import (
	"context"
	"database/sql"
	"fmt"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite"
)

func provider(db *sql.DB, migrations ...string) *goose.Provider {
	files := fstest.MapFS{}
	for _, name := range migrations {
		files["0000"+name+".sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE t" + name[:1] + " (a int);\n-- +goose Down\nDROP TABLE t" + name[:1] + ";\n")}
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		panic(err)
	}
	return p
}

func main() {
	ctx := context.Background()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(1)
	applied, err := provider(db, "1_a", "2_b", "3_c").Up(ctx)
	fmt.Println("newer program, Up:", len(applied), err)

	old := provider(db, "1_a", "2_b")
	pending, err := old.HasPending(ctx)
	fmt.Println("older program, HasPending:", pending, err)
	applied, err = old.Up(ctx)
	fmt.Println("Up:", len(applied), err)
	status, err := old.Status(ctx)
	fmt.Println("Status:", len(status), "migrations,", err)
	current, target, err := old.GetVersions(ctx)
	fmt.Println("GetVersions:", current, target, err)
	_, err = old.Down(ctx)
	fmt.Println("Down:", err)
	_, err = old.DownTo(ctx, 0)
	fmt.Println("DownTo 0:", err)
}
GO
go mod tidy 2>/dev/null
go run . | tee seen
diff - seen <<'SEEN'
newer program, Up: 3 <nil>
older program, HasPending: false <nil>
Up: 0 <nil>
Status: 2 migrations, <nil>
GetVersions: 3 2 <nil>
Down: version not found
DownTo 0: version not found
SEEN
