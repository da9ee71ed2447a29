// Package ledger keeps in the warehouse what Rollcall did and how far it came: runs
// and their locks, the states of sessions, watermarks, checkpoints of backfills, and
// the request budget that processes share. It also reads the ledger, for status and
// metrics.
package ledger
