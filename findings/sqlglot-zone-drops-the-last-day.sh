#!/usr/bin/env bash
# sqlglot 30.30.0: generate_series(from, to, step, zone) of PostgreSQL 16 and later, written
# for another dialect, loses its last day: the fourth argument, a zone, is taken for "without
# the end". The zone itself is lost as well, so the days begin where the session's do. No error
# and no warning, here with DuckDB 2.0.1; Snowflake, BigQuery and Trino get one day less too.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: sqlglot==30.30.0 duckdb==2.0.1
cat >try.py <<'PY'
import duckdb
import sqlglot
from sqlglot import ErrorLevel

series = "SELECT d FROM generate_series(timestamptz '2026-03-02 00:00+01', timestamptz '2026-03-06 00:00+01', interval '1 day'{}) AS s (d)"
duckdb.execute("SET TimeZone = 'Europe/Berlin'")
for zone in "", ", 'Europe/Berlin'":
    query = sqlglot.transpile(series.format(zone), read="postgres", write="duckdb", unsupported_level=ErrorLevel.RAISE)[0]
    print(query)
    print("   ", *duckdb.execute(f"SELECT strftime(d, '%d') FROM ({query}) ORDER BY d").fetchall())
for dialect in "snowflake", "bigquery", "trino":
    print(dialect)
    for zone in "", ", 'Europe/Berlin'":
        query = f"SELECT d FROM generate_series(a, b, c{zone}) AS s (d)"
        print("   ", sqlglot.transpile(query, read="postgres", write=dialect, unsupported_level=ErrorLevel.RAISE)[0])
PY
python/bin/python try.py | tee seen
diff - seen <<'SEEN'
SELECT d FROM GENERATE_SERIES(CAST('2026-03-02 00:00+01' AS TIMESTAMPTZ), CAST('2026-03-06 00:00+01' AS TIMESTAMPTZ), INTERVAL '1' DAY) AS s(d)
    ('02',) ('03',) ('04',) ('05',) ('06',)
SELECT d FROM RANGE(CAST('2026-03-02 00:00+01' AS TIMESTAMPTZ), CAST('2026-03-06 00:00+01' AS TIMESTAMPTZ), INTERVAL '1' DAY) AS s(d)
    ('02',) ('03',) ('04',) ('05',)
snowflake
    SELECT d FROM ARRAY_GENERATE_RANGE(a, b + 1, c) AS s(d)
    SELECT d FROM ARRAY_GENERATE_RANGE(a, b, c) AS s(d)
bigquery
    SELECT d FROM UNNEST(GENERATE_ARRAY(a, b, c)) AS s
    SELECT d FROM UNNEST(GENERATE_ARRAY(a, b - 1, c)) AS s
trino
    SELECT d FROM UNNEST(SEQUENCE(a, b, c)) AS _u(s)
    SELECT d FROM UNNEST(IF((a < (b - c) AND c < 0) OR (a > (b - c) AND c > 0) OR c = 0, ARRAY[], SEQUENCE(a, (b - c), c))) AS _u(s)
SEEN
