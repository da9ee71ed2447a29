// Package analytics holds the proof of the schema analytics, which itself is
// plain SQL in migrations: cases computed by hand, a second computation in Go
// that every view has to agree with on random data, the plans of what has to be
// fast, and the worked questions of docs/questions.md.
package analytics
