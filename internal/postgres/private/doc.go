// Package private runs a real PostgreSQL server (15 or newer) that belongs to
// one user of one machine: the database of a program that was given none, of
// its demo, and of its tests.
//
// [Find] looks for the server programs and says where it found them; [Start]
// makes the data directory if there is none, starts the server on a free port
// of 127.0.0.1 and waits until it answers. What comes out is a connection URL.
//
// # Layout
//
//	<Config.Dir>/<major>/           0700, owned by the server's user
//	    lock                        held by the process that runs the server
//	    server.log, server.log.1    this start's log and the one before
//	    data/                       PGDATA; appears by rename, complete or not at all
//	        rollcall.json           stamp: the cluster was made completely
//	        rollcall.pgpass         0600, the password, in libpq's format
//
// # One owner, many guests
//
// The first process to start a data directory owns the server: it holds the
// lock, and the server ends with it. Others that start the same directory join
// the running server, and their Stop leaves it running. When the owner stops,
// guests see their connections break; their next Start makes them the owner.
//
// # Who can reach it
//
// Access is by password only (scram-sha-256), over 127.0.0.1 only; there is no
// socket and no trust entry. The password is random and lies in files that only
// the server's user (and root) can read. The server gets none of the caller's
// environment. Started by root, who may not run PostgreSQL, the server runs as
// the user postgres, else nobody.
//
// # When the owner dies
//
// On Linux the kernel then tells the server to shut down. Elsewhere it stays
// until the next Start, which stops it first. Either way nothing committed is
// lost, unless [Config.NoSync] was set.
package private
