"""Asks MetricFlow, dbt's semantic layer, the questions of metrics.json and compares
with psql's answers; then every metric of docs/metrics.md, as SQL and by MetricFlow.

    ask_metricflow.py MANIFEST QUESTIONS PAGE

MANIFEST is target/semantic_manifest.json of the built dbt package. The database is
that of libpq's variables. MetricFlow writes the SQL, psycopg2 runs it.
"""

import json
import math
import numbers
import re
import sys

import psycopg2
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.postgres import PostgresSQLSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup


class Dialect:
    """What MetricFlow needs to know of a database to write SQL for it."""

    sql_engine_type = SqlEngine.POSTGRES
    sql_plan_renderer = PostgresSQLSqlPlanRenderer()


def plain(value):
    """A value in the one form in which drivers and tools agree: a time is its day."""
    if isinstance(value, bool) or value is None:
        return value
    if hasattr(value, "isoformat"):
        return str(value)[:10]
    return float(value) if isinstance(value, numbers.Number) else str(value)


def rows(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [[plain(value) for value in row] for row in cursor]


def order(row):
    """The order of rows of both, which no tool promises: by what is no number."""
    return [str(value) for value in row if not isinstance(value, float)]


def same(want, got):
    if isinstance(want, float) and isinstance(got, float):
        return math.isclose(want, got, rel_tol=1e-12)
    return want == got


def compare(name, want, got):
    want, got = sorted(want, key=order), sorted(got, key=order)
    if len(want) != len(got):
        sys.exit(f"{name}: {len(got)} rows, want {len(want)}")
    for w, g in zip(want, got):
        if len(w) != len(g) or not all(map(same, w, g)):
            sys.exit(f"{name}: {g}, want {w}")


def main(manifest, questions, page):
    with open(manifest) as f:
        lookup = SemanticManifestLookup(parse_manifest_from_dbt_generated_manifest(f.read()))
    engine = MetricFlowEngine(lookup, Dialect())
    connection = psycopg2.connect(options="-c timezone=UTC")
    connection.set_session(readonly=True, autocommit=True)

    def flow(metrics, group_by):
        request = MetricFlowQueryRequest.create(metric_names=metrics, group_by_names=group_by)
        return rows(connection, engine.explain(request).sql_statement.sql)

    with open(questions) as f:
        for q in json.load(f):
            truth = rows(connection, q["sql"])
            if not truth:
                sys.exit(f"{q['name']}: psql gives no rows")
            # A measure that counts nothing is a row of 0 here, and none in SQL.
            got = [row for row in flow(q["metrics"], q["group_by"]) if any(v not in (0.0, None) for v in row[len(q["group_by"]):])]
            compare(q["name"], truth, got)
            print(f"{q['name']:<58} {len(truth):3} rows, the same by psql and MetricFlow")

    source, count = None, 0
    with open(page) as f:
        for line in f:
            if m := re.match(r"Over (?:the dbt model )?`([a-z_.]+)`", line):
                source = m[1] if "." in m[1] else f"rollcall_dbt.{m[1]}"
            if m := re.match(r"\| `(\w+)` \|.*\| `(.*)` \|$", line):
                compare(m[1], rows(connection, f"SELECT {m[2]} FROM {source}"), flow([m[1]], []))
                count += 1
    metrics = {metric.name for metric in lookup.semantic_manifest.metrics}
    if count != len(metrics):
        sys.exit(f"{page} has {count} metrics, dbt {len(metrics)}")
    print(f"{count} metrics of docs/metrics.md: the same as SQL and by MetricFlow")


if __name__ == "__main__":
    main(*sys.argv[1:])
