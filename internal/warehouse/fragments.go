package warehouse

// RejectAccount gives the account of a rejected record t: that of its app or, where
// the app itself was rejected, of the run that saw it.
const RejectAccount = `coalesce((SELECT a.account_id FROM realtimekit.apps AS a WHERE a.app_id = t.app_id),
	(SELECT r.account_id FROM sync.runs AS r WHERE r.run_id = t.run_id))`

// IsPlain asks of the column before it whether it is a name that is not hashed.
const IsPlain = ` !~ '^(name|erased)-[a-z2-7]{16}$'`

// OneByOneSQL goes into a transaction that reads or writes many shards and writes a table that
// every node holds, which Citus refuses without it. Plain Postgres knows no such setting, and
// keeps it for the transaction.
const OneByOneSQL = `SET LOCAL citus.multi_shard_modify_mode TO 'sequential'`
