// Asks Malloy the queries that stand in a JSON list on standard input, as the
// role rollcall_reader, and prints the rows of each: a list of lists of rows.
// The connection is that of libpq's variables PGHOST, PGPORT, PGDATABASE, PGUSER
// and PGPASSWORD.
import { readFileSync } from 'node:fs';
import { SingleConnectionRuntime } from '@malloydata/malloy';
import { PostgresConnection } from '@malloydata/db-postgres';

const connection = new PostgresConnection({
  name: 'warehouse',
  host: process.env.PGHOST,
  port: Number(process.env.PGPORT),
  databaseName: process.env.PGDATABASE,
  username: process.env.PGUSER,
  password: process.env.PGPASSWORD,
});
try {
  const model = new SingleConnectionRuntime({ connection })
    .loadModel(readFileSync(new URL('rollcall.malloy', import.meta.url), 'utf8'));
  const answers = [];
  for (const query of JSON.parse(readFileSync(0, 'utf8'))) {
    const result = await model.loadQuery(query).run();
    answers.push(result.data.toObject().map(Object.values));
  }
  console.log(JSON.stringify(answers, (_, value) => (typeof value === 'bigint' ? String(value) : value)));
} finally {
  await connection.close();
}
