// Package queue keeps what workers are to do: which sessions somebody asked for, and the
// jobs that follow from it. The jobs are River's (riverqueue.com), in tables of the
// warehouse's own database; beside them sync.session_jobs has one row per session, which
// is locked before its job is touched. So a session has one job that waits or runs and no
// second, however many ask for it, and whoever asks while it runs is served by another.
//
// Webhooks flow in through [Inbox], lists of sessions through [Queue.AskFor]; workers
// take sessions by [Queue.Claim] and end them by [Queue.Finish].
package queue
