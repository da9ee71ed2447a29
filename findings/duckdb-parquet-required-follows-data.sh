#!/usr/bin/env bash
# DuckDB 2.0.1 declares a Parquet column "required" where its statistics say that
# no row is null. The same COPY of the same table gives another schema on the day of
# the first NULL. pyarrow 26.0.1 refuses to append the two files; a dataset of both,
# with the schema of the first, holds a null in a column that is "not null", passes
# validate(full=True), and cannot be written again.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: duckdb==2.0.1 pyarrow==26.0.1
cat >try.py <<'PY'
import duckdb, pyarrow as pa, pyarrow.dataset as ds, pyarrow.parquet as pq

con = duckdb.connect()
con.execute("CREATE TABLE visits (id bigint, left_at timestamp)")
con.execute("INSERT INTO visits VALUES (1, '2026-03-10 10:00')")
con.execute("COPY visits TO 'monday.parquet'")
con.execute("INSERT INTO visits VALUES (2, NULL)")
con.execute("COPY visits TO 'tuesday.parquet'")
days = ["monday.parquet", "tuesday.parquet"]
for day in days:
    print(day, {f.name: "optional" if f.nullable else "required" for f in pq.read_schema(day)})


def attempt(what, call):
    try:
        print(f"{what}: {call()}")
    except Exception as error:
        print(f"{what}: {type(error).__name__}: {str(error).splitlines()[0]}")


attempt("concat_tables", lambda: pa.concat_tables(pq.read_table(day) for day in days).num_rows)
both = ds.dataset(days).to_table()
attempt("dataset", lambda: f"{both.num_rows} rows, {both['left_at'].null_count} null, nullable {both.schema.field('left_at').nullable}")
attempt("validate", lambda: both.validate(full=True))
attempt("write_table", lambda: pq.write_table(both, "both.parquet"))
PY
python/bin/python try.py | tee seen
diff - seen <<'SEEN'
monday.parquet {'id': 'required', 'left_at': 'required'}
tuesday.parquet {'id': 'required', 'left_at': 'optional'}
concat_tables: ArrowInvalid: Schema at index 1 was different: 
dataset: 3 rows, 1 null, nullable False
validate: None
write_table: ArrowInvalid: Column 'left_at' is declared non-nullable but contains nulls
SEEN
