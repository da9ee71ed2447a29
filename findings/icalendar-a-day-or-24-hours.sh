#!/usr/bin/env bash
# iCalendar (RFC 5545, 3.3.6) tells a day from 24 hours: DURATION:P1D ends at the same time of the
# next day, DURATION:PT24H after 24 hours, and over a change of clocks they differ by an hour. None
# of three readers keeps them apart: in ical.js 2.2.1 and Python's recurring-ical-events 3.8.2
# (icalendar 7.3.2) both end at the same time of the next day, in node-ical 0.26.1 both after 24
# hours. So a night watch of PT3H on 25 October is four hours long in two of them, and a day on call
# from noon on 28 March ends at 13:00 in the third. Hours that were due, and who left early, depend
# on the reader. With DTEND all agree. An open issue says it of libical; none was found of these.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cat >package.json <<'JSON'
{"private": true, "type": "module",
 "dependencies": {"ical.js": "2.2.1", "node-ical": "0.26.1"},
 "overrides": {"rrule-temporal": "1.6.0", "temporal-polyfill": "0.3.2"}}
JSON
npm install --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: recurring-ical-events==3.8.2 icalendar==7.3.2 tzdata==2026.6
cat >calendar.ics.in <<'ICS'
BEGIN:VCALENDAR
VERSION:2.0
PRODID:finding
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:START
END
END:VEVENT
END:VCALENDAR
ICS
cat >try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import ICAL from 'ical.js';
import ical from 'node-ical';

const text = readFileSync('calendar.ics', 'utf8');
const calendar = new ICAL.Component(ICAL.parse(text));
const event = new ICAL.Event(calendar.getFirstSubcomponent('vevent'));
const other = Object.values(ical.sync.parseICS(text)).find((part) => part.type === 'VEVENT');
const hours = (start, end) => (end - start) / 3600000;
console.log(' ', 'ical.js:', hours(event.startDate.toJSDate(), event.endDate.toJSDate()), 'hours');
console.log(' ', 'node-ical:', hours(other.start, other.end), 'hours');
JS
cat >try.py <<'PY'
from datetime import timezone

import icalendar
import recurring_ical_events

calendar = icalendar.Calendar.from_ical(open("calendar.ics", newline="").read())
event = recurring_ical_events.of(calendar).first
hours = (event.end.astimezone(timezone.utc) - event.start.astimezone(timezone.utc)).total_seconds() / 3600
print("  recurring-ical-events:", hours, "hours")
PY
while read -r start end; do
	echo "DTSTART $start, $end"
	sed "s,^START,,;s,:START,:$start,;s,^END\$,$end," calendar.ics.in | sed 's/$/\r/' >calendar.ics
	TZ=UTC node try.mjs
	python/bin/python try.py
done <<'CASES' | tee seen
20260328T120000 DURATION:P1D
20260328T120000 DURATION:PT24H
20261025T010000 DURATION:PT3H
20261025T010000 DTEND;TZID=Europe/Berlin:20261025T040000
20260310T120000 DURATION:PT24H
CASES
diff - seen <<'SEEN'
DTSTART 20260328T120000, DURATION:P1D
  ical.js: 23 hours
  node-ical: 24 hours
  recurring-ical-events: 23.0 hours
DTSTART 20260328T120000, DURATION:PT24H
  ical.js: 23 hours
  node-ical: 24 hours
  recurring-ical-events: 23.0 hours
DTSTART 20261025T010000, DURATION:PT3H
  ical.js: 4 hours
  node-ical: 3 hours
  recurring-ical-events: 4.0 hours
DTSTART 20261025T010000, DTEND;TZID=Europe/Berlin:20261025T040000
  ical.js: 4 hours
  node-ical: 4 hours
  recurring-ical-events: 4.0 hours
DTSTART 20260310T120000, DURATION:PT24H
  ical.js: 24 hours
  node-ical: 24 hours
  recurring-ical-events: 24.0 hours
SEEN
