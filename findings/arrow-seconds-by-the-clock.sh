#!/usr/bin/env bash
# pyarrow 26.0.1: seconds_between, and minutes_, hours_ and microseconds_between, take the difference of
# what the clock on the wall shows where the column has a time zone. In the night in which clocks are put
# back who stayed for twenty minutes stayed for minus forty, and in that in which they go forward for
# eighty; with the same moments in a column in UTC all are right, as subtract is in either. Polars 2.1.0
# and DuckDB 2.0.1 (session in the same zone) have no such hour. The manual of Arrow for C++ says that the
# difference is taken "in the local timezone", by an example of years; the pages of the functions for
# Python speak of "second boundaries crossed" alone. In no issue found.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1 tzdata==2026.6
cat >try.py <<'PY'
import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

joined = ["2026-03-29 00:50", "2026-10-25 00:50", "2026-10-24 23:30", "2026-10-26 09:00"]
left = ["2026-03-29 01:10", "2026-10-25 01:10", "2026-10-25 02:30", "2026-10-26 09:20"]
naive = pa.table({"joined": joined, "left": left}).cast(pa.schema({"joined": pa.timestamp("us"), "left": pa.timestamp("us")}))
utc = naive.cast(pa.schema({"joined": pa.timestamp("us", "UTC"), "left": pa.timestamp("us", "UTC")}))
berlin = utc.cast(pa.schema({"joined": pa.timestamp("us", "Europe/Berlin"), "left": pa.timestamp("us", "Europe/Berlin")}))
assert pc.all(pc.equal(utc["joined"].cast(pa.int64()), berlin["joined"].cast(pa.int64()))).as_py()


def show(what, seconds):
    print(f"{what}:", *(f"{s / 60:g}" for s in seconds), "minutes,", f"{sum(seconds) / 60:g} in all")


for zone, stays in ("UTC", utc), ("Europe/Berlin", berlin):
    show(f"{zone}, seconds_between", pc.seconds_between(stays["joined"], stays["left"]).to_pylist())
    show(f"{zone}, minutes_between", [m * 60 for m in pc.minutes_between(stays["joined"], stays["left"]).to_pylist()])
    show(f"{zone}, microseconds_between", [m / 1e6 for m in pc.microseconds_between(stays["joined"], stays["left"]).to_pylist()])
    show(f"{zone}, subtract", [d.total_seconds() for d in pc.subtract(stays["left"], stays["joined"]).to_pylist()])
show("Polars", pl.from_arrow(berlin).select((pl.col("left") - pl.col("joined")).dt.total_seconds()).to_series().to_list())
duckdb.execute("SET TimeZone = 'Europe/Berlin'")
show("DuckDB", [s for s, in duckdb.execute("SELECT date_diff('second', joined, \"left\") FROM berlin").fetchall()])
PY
python/bin/python try.py | tee seen
diff - seen <<'SEEN'
UTC, seconds_between: 20 20 180 20 minutes, 240 in all
UTC, minutes_between: 20 20 180 20 minutes, 240 in all
UTC, microseconds_between: 20 20 180 20 minutes, 240 in all
UTC, subtract: 20 20 180 20 minutes, 240 in all
Europe/Berlin, seconds_between: 80 -40 120 20 minutes, 180 in all
Europe/Berlin, minutes_between: 80 -40 120 20 minutes, 180 in all
Europe/Berlin, microseconds_between: 80 -40 120 20 minutes, 180 in all
Europe/Berlin, subtract: 20 20 180 20 minutes, 240 in all
Polars: 20 20 180 20 minutes, 240 in all
DuckDB: 20 20 180 20 minutes, 240 in all
SEEN
