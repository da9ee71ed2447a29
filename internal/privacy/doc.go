// Package privacy keeps people who were erased from coming back, and names out
// of the warehouse where they are not wanted.
//
// What flows in: records of package model on their way to Postgres. What flows
// out: the same records without the people on the list of suppressions, or with
// pseudonyms in their place. The list and the pseudonyms are HMAC-SHA256 under a
// key that is not in the database: whoever has only the database can neither
// read who was erased nor try out guesses.
//
// A Filter has one entry for each kind of thing: [Filter.Page] for a page of a
// session's participants, [Filter.People] for people enrolled in a meeting,
// [Filter.Rejected] for other records that could not be used, [Filter.Session] for
// a session's own record, [Filter.Text] for a message, and [Filter.TakeName] for a
// row that was stored before names were left out. Each stands first in its file,
// above its steps.
package privacy
