// Package load writes records into Postgres and keeps Rollcall's own books
// there: runs, what was read of each session, and records that were set aside.
//
// What flows in: records of package model. What flows out: rows, and counts of
// what happened to them. A session becomes visible in one transaction together
// with its state and its counters, and no transaction is open while the caller
// reads from the API. The package knows nothing of HTTP.
package load
