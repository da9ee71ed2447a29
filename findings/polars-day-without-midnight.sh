#!/usr/bin/env bash
# Polars 2.1.0: where clocks are put forward at midnight (Egypt, 2026-04-24, as in Lebanon,
# Chile and Cuba) the day starts at 01:00. dt.truncate and pandas 3.1.0 (resample) know
# that; group_by_dynamic, datetime_range, upsample and offset_by begin that day at 23:00 of
# the day before. So a count per day has two rows of 23 April and none of 24 April, and what
# came after 23:00 is counted on the wrong one, with neither an error nor an option.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: pandas==3.1.0 polars==2.1.0 pyarrow==26.0.1
cat >try.py <<'PY'
from datetime import datetime

import polars as pl

zone = "Africa/Cairo"
local = [datetime(2026, 4, 23, 12), datetime(2026, 4, 23, 23, 30), datetime(2026, 4, 24, 12), datetime(2026, 4, 25, 12)]
visits = pl.DataFrame({"at": pl.Series(local).dt.replace_time_zone(zone)})


def show(what, starts, *counts):
    print(f"{what}:", *(starts.dt.strftime("%d %H:%M%z")), *(list(c) for c in counts))


truncated = visits.group_by(pl.col("at").dt.truncate("1d")).len().sort("at")
show("truncate", truncated["at"], truncated["len"])
resampled = visits.to_pandas().set_index("at").assign(n=1).n.resample("D").sum()
print("pandas resample:", *resampled.index.strftime("%d %H:%M%z"), list(resampled))
dynamic = visits.group_by_dynamic("at", every="1d").agg(pl.len())
show("group_by_dynamic", dynamic["at"], dynamic["len"])
print("its days:", *dynamic["at"].dt.date().dt.strftime("%d"))
show("datetime_range", pl.datetime_range(datetime(2026, 4, 23), datetime(2026, 4, 25), "1d", time_zone=zone, eager=True))
days = visits["at"].dt.date().cast(pl.Datetime).dt.replace_time_zone(zone, non_existent="null").unique().drop_nulls().sort()
show("upsample", days.to_frame("at").upsample("at", every="1d")["at"])
show("offset_by", days.head(1).dt.offset_by("1d"))
PY
python/bin/python try.py | tee seen
diff - seen <<'SEEN'
truncate: 23 00:00+0200 24 01:00+0300 25 00:00+0300 [2, 1, 1]
pandas resample: 23 00:00+0200 24 01:00+0300 25 00:00+0300 [2, 1, 1]
group_by_dynamic: 23 00:00+0200 23 23:00+0200 25 00:00+0300 [1, 2, 1]
its days: 23 23 25
datetime_range: 23 00:00+0200 23 23:00+0200 25 00:00+0300
upsample: 23 00:00+0200 23 23:00+0200 25 00:00+0300
offset_by: 23 23:00+0200
SEEN
