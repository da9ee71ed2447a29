#!/usr/bin/env bash
# node-ical 0.26.1 (with rrule-temporal 1.6.0): expandRecurringEvent lists what is on between two
# days. One expects the same answer for a day, whatever other days are asked for; its README names
# the change of clocks as handled. Where clocks go forward over the time of a series (02:30 in
# Berlin), the standard leaves out the one time that does not exist. Here it is at 03:30, and each
# later day is derived from that one: asked from 29 March, the watch of every later night begins at
# 03:30; asked from 30 March, at 02:30. On Sundays and Mondays it is the other way round: asked from
# 30 March, each date is an hour late, in April too. Where clocks go forward at midnight (Egypt,
# Lebanon, Chile) it is every series at midnight. So is who was expected when, and who was late.
# node-ical 0.27.2 with rrule-temporal 2.2.8 leaves the one time out, and the window changes nothing.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cat >package.json <<'JSON'
{"private": true, "type": "module",
 "dependencies": {"node-ical": "0.26.1"},
 "overrides": {"rrule-temporal": "1.6.0", "temporal-polyfill": "0.3.2"}}
JSON
npm install --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
cat >try.mjs <<'JS'
import ical from 'node-ical';

function show(rule, start, zone, windows, to) {
  const text = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:finding', 'BEGIN:VEVENT', 'UID:1', 'DTSTAMP:20260101T000000Z',
    `DTSTART;TZID=${zone}:${start}`, 'DURATION:PT1H', `RRULE:${rule}`, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n');
  const event = Object.values(ical.sync.parseICS(text)).find((part) => part.type === 'VEVENT');
  const local = new Intl.DateTimeFormat('en-GB', { timeZone: zone, day: '2-digit', month: '2-digit', hour: '2-digit', minute: '2-digit' });
  console.log(rule, start, zone);
  for (const from of windows) {
    const found = ical.expandRecurringEvent(event, { from: new Date(from), to: new Date(to) });
    console.log(`  from ${from}:`, ...found.map(({ start }) => local.format(start).replace(', ', ' ')));
  }
}

show('FREQ=DAILY', '20260301T023000', 'Europe/Berlin', ['2026-03-28', '2026-03-29', '2026-03-30', '2026-03-31'], '2026-04-02');
show('FREQ=WEEKLY;BYDAY=SU,MO', '20260301T023000', 'Europe/Berlin', ['2026-03-28', '2026-03-29', '2026-03-30'], '2026-04-07');
show('FREQ=DAILY', '20260401T000000', 'Africa/Cairo', ['2026-04-22', '2026-04-24', '2026-04-26'], '2026-04-28');
show('FREQ=DAILY', '20260301T033000', 'Europe/Berlin', ['2026-03-28', '2026-03-30'], '2026-04-02');
JS
TZ=UTC node try.mjs | tee seen
diff - seen <<'SEEN'
FREQ=DAILY 20260301T023000 Europe/Berlin
  from 2026-03-28: 28/03 02:30 29/03 03:30 30/03 03:30 31/03 03:30 01/04 03:30
  from 2026-03-29: 29/03 03:30 30/03 03:30 31/03 03:30 01/04 03:30
  from 2026-03-30: 30/03 02:30 31/03 02:30 01/04 02:30
  from 2026-03-31: 31/03 02:30 01/04 02:30
FREQ=WEEKLY;BYDAY=SU,MO 20260301T023000 Europe/Berlin
  from 2026-03-28: 29/03 03:30 30/03 02:30 05/04 02:30 06/04 02:30
  from 2026-03-29: 29/03 03:30 30/03 02:30 05/04 02:30 06/04 02:30
  from 2026-03-30: 30/03 03:30 05/04 03:30 06/04 03:30
FREQ=DAILY 20260401T000000 Africa/Cairo
  from 2026-04-22: 23/04 00:00 24/04 01:00 25/04 01:00 26/04 01:00 27/04 01:00 28/04 01:00
  from 2026-04-24: 25/04 01:00 26/04 01:00 27/04 01:00 28/04 01:00
  from 2026-04-26: 27/04 00:00 28/04 00:00
FREQ=DAILY 20260301T033000 Europe/Berlin
  from 2026-03-28: 28/03 03:30 29/03 03:30 30/03 03:30 31/03 03:30 01/04 03:30
  from 2026-03-30: 30/03 03:30 31/03 03:30 01/04 03:30
SEEN
