"""Loads the bench's data set with dlt, and prints how many rows are stored.

    python3 -m venv VENV && VENV/bin/pip install -r tools/bench/requirements.txt
    go run ./internal/bench -beside "VENV/bin/python tools/bench/load_by_dlt.py"

As a user of dlt would: its REST source, files of CSV for COPY, and merge by the vendor's
ids, so that a second run adds nothing.
"""

import os

import dlt
import psycopg2
from dlt.sources.rest_api import rest_api_source

DATASET = "loaded"


def pages(selector, per_page):
    return {
        "params": {"per_page": per_page},
        "data_selector": selector,
        "paginator": {
            "type": "page_number",
            "base_page": 1,
            "page_param": "page_no",
            "total_path": None,
        },
    }


def source():
    app = f"{os.environ['BENCH_API']}/accounts/{os.environ['BENCH_ACCOUNT']}/realtime/kit/{os.environ['BENCH_APP']}/"
    sessions = pages("data.sessions", 100)
    participants = pages("data.participants", 100)
    participants["path"] = "sessions/{resources.sessions.id}/participants"
    participants["params"] |= {"include_peer_events": "true", "view": "raw"}
    return rest_api_source(
        {
            "client": {"base_url": app, "auth": {"type": "bearer", "token": os.environ["BENCH_TOKEN"]}},
            "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
            "resources": [
                {"name": "sessions", "endpoint": sessions | {"path": "sessions"}},
                {
                    "name": "participants",
                    "primary_key": ["_sessions_id", "id"],
                    "include_from_parent": ["id"],
                    "endpoint": participants,
                },
            ],
        }
    )


def stored():
    with psycopg2.connect(os.environ["BENCH_DATABASE"]) as connection, connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT (SELECT count(*) FROM {DATASET}.sessions) + (SELECT count(*) FROM {DATASET}.participants)
                     + (SELECT count(*) FROM {DATASET}.participants__peer_events)"""
        )
        return cursor.fetchone()[0]


pipeline = dlt.pipeline(
    "bench",
    pipelines_dir=os.environ["BENCH_FOLDER"],
    destination=dlt.destinations.postgres(os.environ["BENCH_DATABASE"]),
    dataset_name=DATASET,
)
pipeline.run(source(), loader_file_format="csv")
print(stored())
