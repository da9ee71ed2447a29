// Package model holds the records that Rollcall copies from RealtimeKit into
// Postgres, and the rules by which a raw value becomes one of their fields.
//
// What flows in: text and numbers as the API sent them. What flows out: typed
// records with keys, UTC times and minutes, plus a note (Repairs) of every
// value that had to be mended on the way. The package imports the standard
// library only and does no input or output.
//
// Zero values mean "no value" everywhere: an empty string, a zero time and an
// invalid Number all become NULL in Postgres.
package model
