// Package distributed holds the proof that a warehouse spread over Citus says what one server
// says. It needs a cluster: ROLLCALL_CITUS_URL names the database of a coordinator, as a
// superuser, whose server and workers let anybody who may make databases in. Without it the
// tests are skipped, and say so.
package distributed
