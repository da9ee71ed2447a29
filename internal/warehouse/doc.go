// Package warehouse is what all packages share that keep records in Postgres: the
// pool and the log, the server's clock, who was erased and what may be stored of
// people, statement arguments, and the classes of errors. It knows of no single table
// of records.
package warehouse
