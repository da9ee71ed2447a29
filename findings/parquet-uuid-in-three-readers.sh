#!/usr/bin/env bash
# A Parquet UUID column (written by DuckDB 2.0.1) joined with the same ids as text:
# DuckDB 2.0.1 finds the row, pandas 3.1.1 gives none and no error (it holds
# uuid.UUID objects), Polars 2.1.0 raises SchemaError (it holds Binary). Polars that
# only reads and writes the file drops the type: DuckDB then sees a BLOB.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: duckdb==2.0.1 pandas==3.1.1 polars==2.1.0 pyarrow==26.0.1
cat >try.py <<'PY'
import duckdb, pandas as pd, polars as pl

text = "bc895ecf-2cf0-4c3d-8d07-fa1b835dcc94"
duckdb.execute(f"COPY (SELECT '{text}'::UUID AS id) TO 'ids.parquet'")
names = pd.DataFrame({"id": [text], "name": ["x"]})
print("DuckDB:", duckdb.sql("SELECT count(*) FROM 'ids.parquet' JOIN names USING (id)").fetchall()[0][0], "row")
pandas = pd.read_parquet("ids.parquet")
print("pandas:", type(pandas.id[0]).__name__, len(pandas.merge(names, on="id")), "rows;",
      len(pandas.assign(id=pandas.id.astype(str)).merge(names, on="id")), "row after astype(str)")
polars = pl.read_parquet("ids.parquet")
try:
    print("Polars:", len(polars.join(pl.from_pandas(names), on="id")))
except pl.exceptions.SchemaError:
    print("Polars:", polars["id"].dtype, "SchemaError")
polars.write_parquet("again.parquet")
print("DuckDB, after Polars:", duckdb.sql("FROM 'again.parquet'").types[0])
PY
python/bin/python try.py | tee seen
diff - seen <<'SEEN'
DuckDB: 1 row
pandas: UUID 0 rows; 1 row after astype(str)
Polars: Binary SchemaError
DuckDB, after Polars: BLOB
SEEN
