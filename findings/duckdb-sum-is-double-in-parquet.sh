#!/usr/bin/env bash
# DuckDB 2.0.1: sum(bigint) is HUGEINT, which Parquet lacks. The way out decides
# what becomes of it: exact as DECIMAL(38,0) to Arrow (pyarrow 26.0.1) and Polars
# 2.1.0, but DOUBLE by COPY to Parquet and float64 to pandas 3.1.1, with neither
# error nor warning. sum(x)::BIGINT is exact everywhere.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: duckdb==2.0.1 pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1
cat >try.py <<'PY'
import duckdb, pyarrow.parquet as pq

ask = "SELECT sum(bytes) AS total FROM (VALUES (9007199254740992::BIGINT), (1)) AS v (bytes)"
print("DuckDB:", duckdb.sql(ask).types[0], duckdb.sql(ask).fetchall()[0][0])
arrow = duckdb.sql(ask).to_arrow_table()["total"]
print("Arrow:", arrow.type, arrow[0])
polars = duckdb.sql(ask).pl()["total"]
print("Polars:", polars.dtype, polars[0])
pandas = duckdb.sql(ask).df()["total"]
print("pandas:", pandas.dtype, int(pandas[0]))
for name, query in ("sum", ask), ("sum::BIGINT", ask.replace("sum(bytes)", "sum(bytes)::BIGINT")):
    duckdb.execute(f"COPY ({query}) TO 'total.parquet'")
    parquet = pq.read_table("total.parquet")["total"]
    print(f"Parquet, {name}:", parquet.type, int(parquet[0].as_py()))
PY
python/bin/python try.py | tee seen
diff - seen <<'SEEN'
DuckDB: HUGEINT 9007199254740993
Arrow: decimal128(38, 0) 9007199254740993
Polars: Decimal(precision=38, scale=0) 9007199254740993
pandas: float64 9007199254740992
Parquet, sum: double 9007199254740992
Parquet, sum::BIGINT: int64 9007199254740993
SEEN
