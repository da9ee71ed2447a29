// Package worker works off the jobs of the queue: it joins them with the pipeline, which
// knows how a session is read, and with the ledger, in which each worker has an entry
// for an hour. Any number of workers may share a warehouse: each holds a lock of its
// own, and what it had in hand when that went is taken up by another.
package worker
