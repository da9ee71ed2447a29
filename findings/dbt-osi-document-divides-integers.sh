#!/usr/bin/env bash
# dbt-core 1.12.0 (dbt-postgres 1.11.0) writes the semantic layer a second time, as
# target/osi_document.json for other tools. It does not say the same:
# * a ratio of two counts is a division of two integers, which is 0 or 1 in
#   PostgreSQL and SQLite; MetricFlow's own SQL casts both and guards against 0;
# * a filter on the dimension "kind" compares visit__kind, MetricFlow's name for it,
#   which is no field of the document and no column of the table.
# A tool that reads the document gets a rate of 0, or an error, while
# MetricFlow answers 0.5. dbt-core 1.12.1 to 1.12.6 need dbt-core-experimental-parser 2.0.0b1 or
# newer, of which pip finds no wheel; 1.12.6, put over 1.12.0 without it, writes the same document.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: dbt-core==1.12.0 dbt-postgres==1.11.0
mkdir models
cat >dbt_project.yml <<'YML'
name: finding
profile: finding
YML
cat >profiles.yml <<'YML'
finding:
  target: nowhere
  outputs:
    nowhere: {type: postgres, host: localhost, port: 5432, user: nobody, password: none, dbname: none, schema: none, threads: 1}
YML
echo "select 1 as visit_id, 'student' as kind, true as came, current_date as seen_on" >models/visits.sql
echo 'select current_date as seen_on' >models/days.sql
cat >models/visits.yml <<'YML'
models:
  - name: days
    time_spine: {standard_granularity_column: seen_on}
    columns: [{name: seen_on, granularity: day}]
  - name: visits
    semantic_model: {enabled: true}
    agg_time_dimension: seen_on
    columns:
      - {name: visit_id, entity: {type: primary, name: visit}}
      - {name: seen_on, granularity: day, dimension: {type: time}}
      - {name: kind, dimension: {type: categorical}}
    metrics:
      - {name: expected, type: simple, agg: count, expr: visit_id}
      - {name: came, type: simple, agg: count, expr: case when came then 1 end}
      - {name: rate, type: ratio, numerator: came, denominator: expected}
      - {name: students, type: simple, agg: count, expr: visit_id, filter: "{{ Dimension('visit__kind') }} = 'student'"}
YML
unset "${!DBT_@}"
DBT_SEND_ANONYMOUS_USAGE_STATS=false python/bin/dbt --no-version-check --quiet parse --profiles-dir .
cat >try.py <<'PY'
import json
import re
import sqlite3

from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.postgres import PostgresSQLSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup


class Postgres:
    sql_engine_type, sql_plan_renderer = SqlEngine.POSTGRES, PostgresSQLSqlPlanRenderer()


manifest = parse_manifest_from_dbt_generated_manifest(open("target/semantic_manifest.json").read())
flow = MetricFlowEngine(SemanticManifestLookup(manifest), Postgres())
sql = flow.explain(MetricFlowQueryRequest.create(metric_names=["rate"])).sql_statement.sql
print("MetricFlow, rate:", re.search(r"CAST\(.*AS rate", sql)[0])

model = json.load(open("target/osi_document.json"))["semantic_model"][0]
visits = next(d for d in model["datasets"] if d["name"] == "visits")
print("document, fields:", *(f["name"] for f in visits["fields"]))
tables = sqlite3.connect(":memory:")
tables.execute("CREATE TABLE visits AS SELECT 1 AS visit_id, 'student' AS kind, TRUE AS came UNION ALL SELECT 2, 'student', FALSE")
for metric in model["metrics"]:
    if metric["name"] in ("rate", "students"):
        expression = metric["expression"]["dialects"][0]["expression"]
        print(f"document, {metric['name']}:", expression)
        try:
            print("  of two visits, one that came:", tables.execute(f"SELECT {expression} FROM visits").fetchone()[0])
        except sqlite3.OperationalError as error:
            print("  of two visits, one that came:", error)
PY
python/bin/python try.py | tee seen
diff - seen <<'SEEN'
MetricFlow, rate: CAST(SUM(CASE WHEN case when came then 1 end IS NOT NULL THEN 1 ELSE 0 END) AS DOUBLE PRECISION) / CAST(NULLIF(SUM(CASE WHEN visit_id IS NOT NULL THEN 1 ELSE 0 END), 0) AS DOUBLE PRECISION) AS rate
document, fields: visit seen_on kind
document, rate: (SUM(CASE WHEN case when came then 1 end IS NOT NULL THEN 1 ELSE 0 END)) / (SUM(CASE WHEN visits.visit_id IS NOT NULL THEN 1 ELSE 0 END))
  of two visits, one that came: 0
document, students: SUM(CASE WHEN visit__kind = 'student' THEN CASE WHEN visits.visit_id IS NOT NULL THEN 1 ELSE 0 END END)
  of two visits, one that came: no such column: visit__kind
SEEN
