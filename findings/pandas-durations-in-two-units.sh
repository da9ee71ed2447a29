#!/usr/bin/env bash
# pandas 3.1.1: to_sql says that it writes durations as integers ("ns frequency"). It writes them in
# whatever unit the column has, which since pandas 3 is mostly microseconds: the difference of two
# timestamps is a thousandth of what pandas 2.3.3 wrote, a number of seconds with a fraction is not, and
# the warning is the same. A table that was begun before the upgrade and appended to after it holds both,
# read_sql makes an hour and a half 5.4 seconds of it, and two durations of one row are no longer of one
# unit. And an unknown duration is not NULL but -9223372036854775808, in either version, so that the mean
# is minus 146 years. Through adbc-driver-postgresql 1.13.0 both are right: an interval, and NULL. In no
# issue of to_sql found.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cat >write.py <<'PY'
import sqlite3
import warnings

import pandas as pd

frame = pd.read_csv("stays.csv", parse_dates=["joined_at", "left_at"])
frame["present"] = frame.left_at - frame.joined_at
frame["late"] = pd.to_timedelta(frame.late_seconds, unit="s")
connection = sqlite3.connect("warehouse.db")
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    frame[["who", "present", "late"]].to_sql("stays", connection, index=False, if_exists="append")
print(f"pandas {pd.__version__}:", frame.present.dtype, frame.late.dtype, *{str(w.message) for w in said})
PY
cat >read.py <<'PY'
import sqlite3

import pandas as pd

connection = sqlite3.connect("warehouse.db")
print(*connection.execute("SELECT who, present, late FROM stays").fetchall(), sep="\n")
stays = pd.read_sql("SELECT who, present, late FROM stays", connection)
print("read back:", *(f"{who} {present};" for who, present in zip(stays.who, pd.to_timedelta(stays.present))))
print("mean lateness in hours:", connection.execute("SELECT avg(late) / 3.6e12 FROM stays").fetchone()[0])
print("late for a third or more:", *connection.execute("SELECT who FROM stays WHERE late >= present / 3").fetchall())
PY
python3 -m venv before
before/bin/pip install --quiet --disable-pip-version-check --only-binary :all: pandas==2.3.3
python3 -m venv after
after/bin/pip install --quiet --disable-pip-version-check --only-binary :all: pandas==3.1.1
printf 'who,joined_at,left_at,late_seconds\na,2026-11-30 09:00,2026-11-30 10:30,90.5\nb,2026-11-30 09:00,2026-11-30 09:20,\n' >stays.csv
{
	before/bin/python write.py
	sed 's/^a,/c,/; s/^b,/d,/' -i stays.csv
	after/bin/python write.py
	after/bin/python read.py
} | tee seen
diff - seen <<'SEEN'
pandas 2.3.3: timedelta64[ns] timedelta64[ns] the 'timedelta' type is not supported, and will be written as integer values (ns frequency) to the database.
pandas 3.1.1: timedelta64[us] timedelta64[ns] the 'timedelta' type is not supported, and will be written as integer values (ns frequency) to the database.
('a', 5400000000000, 90500000000)
('b', 1200000000000, -9223372036854775808)
('c', 5400000000, 90500000000)
('d', 1200000000, -9223372036854775808)
read back: a 0 days 01:30:00; b 0 days 00:20:00; c 0 days 00:00:05.400000; d 0 days 00:00:01.200000;
mean lateness in hours: -1281023.8814381633
late for a third or more: ('c',)
SEEN
