// Package webhook receives the vendor's webhooks: it proves who signed them, reads of
// each what it is about, and hands that on. An event is a hint that a session is worth
// a look; it carries no data into any table, since a good signature proves neither that
// it is fresh nor that it is true.
//
// Requests flow in, [Event] values flow out to an [Inbox].
package webhook
