package warehouse

// RejectAccount gives the account of a rejected record t: that of its app or, where
// the app itself was rejected, of the run that saw it.
const RejectAccount = `coalesce((SELECT a.account_id FROM realtimekit.apps AS a WHERE a.app_id = t.app_id),
	(SELECT r.account_id FROM sync.runs AS r WHERE r.run_id = t.run_id))`

// IsPlain asks of the column before it whether it is a name that is not hashed.
const IsPlain = ` !~ '^(name|erased)-[a-z2-7]{16}$'`
