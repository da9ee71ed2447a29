// Package load writes sessions into Postgres, with their participants and events, the
// apps that they belong to, and the records that were set aside.
//
// What flows in: records of package model. What flows out: rows, and counts of
// what happened to them. A session becomes visible in one transaction together
// with its state and its counters, and no transaction is open while the caller
// reads from the API. The package knows nothing of HTTP.
//
// Its caller is package pipeline, by an interface of its own: [Store.LoadSession] stores a
// session, [Store.FailSession] notes why one could not be read, [Store.SetAside] keeps
// records that belong to none. The order of a session's transaction stands in apply.go.
package load
