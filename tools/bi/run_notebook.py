"""Runs the cells of docs/notebook.md and compares what they find with psql.

    run_notebook.py PAGE

The database is that of libpq's variables, the program rollcall that of PATH, the
home folder one to throw away. "INSTALL postgres" finds the extension there that PyPI
has, and fetches nothing.
"""

import ast
import math
import pathlib
import re
import shutil
import subprocess
import sys

import duckdb
import duckdb_extension_postgres_scanner

CELLS = 10

# What a cell leaves behind, and the same by other means.
TRUTHS = {
    "current": "SELECT name, (SELECT max(discovered_at) FROM sync.app_states AS t WHERE t.app_id = a.app_id), 0, 0 FROM realtimekit.apps AS a ORDER BY name",
    "people": """SELECT display_name, preset_name, first_join_at, present_seconds / 60, visits FROM analytics.person_attendance
        JOIN (SELECT session_id FROM analytics.session_summary ORDER BY peak_people DESC, session_id LIMIT 1) AS s USING (session_id) ORDER BY first_join_at, person_id""",
    "by_course": """SELECT meeting_title, count(*), avg(session_share), count(*) FILTER (WHERE late_seconds <= 300)::float8 / count(*)
        FROM analytics.session_summary JOIN analytics.person_attendance USING (session_id, meeting_title) GROUP BY 1 ORDER BY 2 DESC, 1""",
    "missing": """SELECT display_name, custom_participant_id, meeting_title, count(session_id) FROM analytics.no_shows
        WHERE is_final AND NOT nobody_came GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3""",
    "months": """SELECT date_trunc('month', usage_date)::date, name, sum(person_seconds) / 60, sum(unique_people)
        FROM analytics.usage_days JOIN realtimekit.apps USING (app_id) GROUP BY 1, 2 ORDER BY 1, 2""",
}


def place_extension():
    packed = next(pathlib.Path(duckdb_extension_postgres_scanner.__file__).parent.glob("extensions/*/*.duckdb_extension"))
    platform = duckdb.sql("PRAGMA platform").fetchone()[0]
    folder = pathlib.Path.home() / ".duckdb" / "extensions" / packed.parent.name / platform
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(packed, folder)


def psql(sql):
    command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=\x1f", "--set=ON_ERROR_STOP=1",
               "--command=SET timezone = 'UTC'", f"--command={sql}"]
    return [line.split("\x1f") for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()]


def same(want, got):
    try:
        return math.isclose(float(want), float(got), rel_tol=1e-9)
    except (TypeError, ValueError):
        return want == (got or "")


def main(page):
    with open(page) as f:
        cells = re.findall(r"^```python\n(.*?)^```$", f.read(), re.M | re.S)
    if len(cells) != CELLS:
        sys.exit(f"{page} has {len(cells)} cells, want {CELLS}")
    place_extension()
    names = {}
    for number, cell in enumerate(cells, 1):
        tree = ast.parse(cell, f"cell {number}")
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"cell {number}", "exec"), names)
        if last is not None:
            shown = repr(eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), names))
            print(f"-- {number}\n{shown}")
    for name, sql in TRUTHS.items():
        want, got = psql(sql), names[name].project("COLUMNS(*)::VARCHAR").fetchall()
        if not want or len(want) != len(got):
            sys.exit(f"{name}: {len(got)} rows, want {len(want)}")
        for w, g in zip(want, got):
            if not all(map(same, w, g)):
                sys.exit(f"{name}: {g}, want {w}")
        print(f"{name}: {len(got)} rows, as psql says")


if __name__ == "__main__":
    main(*sys.argv[1:])
