// Package simulator is a RealtimeKit REST API that behaves, and misbehaves on
// request.
//
// What flows in: a data set ([Demo] for a believable account, [Generate] for
// plain bulk, [VendorSample] for the published example) and [Options]: the
// token to ask for, the [Dialect] in which the documentation is read, the
// [Quota], and a script of [Fault] values. What flows out: HTTP answers, byte
// for byte the same for the same data and request, and an account of what was
// asked ([Server.Stats], [Server.Requests]).
//
// The package imports nothing else of this module, so that it can bear witness
// to the wire format: a decoder that agrees with it agrees with the published
// schema and not merely with itself. The truth behind the answers stays
// readable in [Data], so a test can compare a warehouse with it row by row.
// Therefore it is larger than others: all that an API consists of is here.
//
// Two members of the published API that no source describes are settled here
// as follows, and are a guess: participant_id of a peer event is the permanent
// id of the enrolment (user_id), and sort_order defaults to DESC everywhere.
package simulator
