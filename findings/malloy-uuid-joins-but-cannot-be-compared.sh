#!/usr/bin/env bash
# Malloy 0.0.431 (here with its DuckDB connection; on PostgreSQL as well): a column
# of type uuid can be a primary key, be joined on, grouped by and tested for null,
# but neither compared with a text nor counted. So a model works until somebody asks
# for one id. id::string lifts it. Malloy counts rows of a join_many right without it.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
cat >package.json <<'JSON'
{"private": true, "type": "module",
 "dependencies": {"@malloydata/malloy": "0.0.431", "@malloydata/db-duckdb": "0.0.431"},
 "overrides": {"antlr4ts": "0.5.0-alpha.4"}}
JSON
npm install --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
cat >try.mjs <<'JS'
import { SingleConnectionRuntime } from '@malloydata/malloy';
import { DuckDBConnection } from '@malloydata/db-duckdb';

const connection = new DuckDBConnection('duckdb');
const id = 'bc895ecf-2cf0-4c3d-8d07-fa1b835dcc94';
await connection.runSQL(`CREATE TABLE sessions AS SELECT '${id}'::UUID AS id, 90 AS n`);
await connection.runSQL(`CREATE TABLE people AS SELECT '${id}'::UUID AS session_id, 5 AS k`);
const model = new SingleConnectionRuntime({ connection }).loadModel(`
  source: people is duckdb.table('people')
  source: sessions is duckdb.table('sessions') extend { primary_key: id join_many: people on people.session_id = id }`);
for (const query of [
  '{ group_by: id aggregate: k is people.k.sum() }',
  '{ where: id is not null select: n }',
  `{ where: id = '${id}' select: n }`,
  '{ aggregate: ids is count(id) }',
  `{ where: id::string = '${id}' select: n }`,
  '{ aggregate: ids is count(id::string) }',
]) {
  try {
    const result = await model.loadQuery(`run: sessions -> ${query}`).run();
    console.log(query, JSON.stringify(result.data.toObject()));
  } catch (error) {
    console.log(query, error.message);
  }
}
await connection.close();
JS
# The connection looks for an extension of DuckDB that is not used here.
node try.mjs 2>/dev/null | tee seen
diff - seen <<'SEEN'
{ group_by: id aggregate: k is people.k.sum() } [{"id":"bc895ecf-2cf0-4c3d-8d07-fa1b835dcc94","k":5}]
{ where: id is not null select: n } [{"n":90}]
{ where: id = 'bc895ecf-2cf0-4c3d-8d07-fa1b835dcc94' select: n } Unsupported SQL native type 'UUID' not allowed in expression
{ aggregate: ids is count(id) } Unsupported SQL native type 'UUID' not allowed in expression
{ where: id::string = 'bc895ecf-2cf0-4c3d-8d07-fa1b835dcc94' select: n } [{"n":90}]
{ aggregate: ids is count(id::string) } [{"ids":1}]
SEEN
