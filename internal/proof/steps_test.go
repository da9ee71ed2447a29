package proof_test

import (
	"regexp"
	"strings"
)

// steps are those that have an effect in the database. Each must be reached by a
// scenario, and each statement that the program sends and that is more than a
// question must belong to one of them: a new one is in the matrix by itself, and
// asks for a line here.
var steps = map[string]string{
	"take the lock":                        `pg_try_advisory_lock`,
	"let go of the lock":                   `pg_advisory_unlock`,
	"enter the run into the ledger":        `INSERT INTO sync.runs`, // and close abandoned ones
	"COPY presences":                       `COPY analytics.session_presences`,
	"COPY people and their days":           `COPY analytics.session_pe`,
	"add the figures of a session":         `INSERT INTO analytics.session_figures`,
	"look at some sessions' rows":          `INSERT INTO sync.checks`,
	"sum up the run":                       `UPDATE sync.runs SET sessions_read`,
	"close the run in the ledger":          `UPDATE sync.runs SET status = $2, finished_at`,
	"begin the shared budget":              `INSERT INTO sync.request_budgets`,
	"take from the shared budget":          `UPDATE sync.request_budgets`,
	"store apps":                           `INSERT INTO realtimekit.apps AS t`,
	"resolve rejected apps":                `entity = 'app' AND resolved_at IS NULL`,
	"set records aside":                    `INSERT INTO sync.rejected_records`,
	"enter a session's state":              `INSERT INTO sync.session_states (session_id, app_id, run_id) VALUES`,
	"mark sessions whose peers were asked": `UPDATE sync.session_states AS t SET peers_asked_at = now()`,
	"make a session's app":                 `INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at`,
	"make a session's meeting":             `INSERT INTO realtimekit.meetings`,
	"make a session's row":                 `INSERT INTO realtimekit.sessions`,
	"change a session's row":               `UPDATE realtimekit.sessions`,
	"COPY participants":                    `COPY realtimekit.participants`,
	"COPY peer events":                     `COPY realtimekit.peer_events`,
	"make staging tables":                  `CREATE TEMP TABLE`,
	"COPY participants into staging":       `COPY pg_temp.staged_participants`,
	"COPY peer events into staging":        `COPY pg_temp.staged_peer_events`,
	"COPY rejected records into staging":   `COPY pg_temp.staged_rejected_records`,
	"change participants":                  `UPDATE realtimekit.participants AS t SET user_id`,
	"add participants":                     `INSERT INTO realtimekit.participants`,
	"change peer events":                   `UPDATE realtimekit.peer_events`,
	"add peer events":                      `INSERT INTO realtimekit.peer_events`,
	"mark participants as removed":         `participant_id = ANY ($3::uuid[]) AND removed_at IS NULL`,
	"mark participants as removed, staged": `SELECT DISTINCT participant_id FROM pg_temp.staged_participants WHERE pass = $3`,
	"give the meeting its title":           `UPDATE realtimekit.meetings SET title`,
	"resolve a session's records":          `session_id = $1 AND resolved_at IS NULL AND last_seen_at <> now()`,
	"save a session's state":               `UPDATE sync.session_states SET run_id = $2, fingerprint`,
	"count a session in the ledger":        `INSERT INTO sync.run_sessions`,
	"note that a session failed":           `INSERT INTO sync.session_states AS t`,
	"save the watermark":                   `INSERT INTO sync.app_states`,
	"save the checkpoint":                  `INSERT INTO sync.backfills`,
	"forget the checkpoints":               `DELETE FROM sync.backfills`,
	"store meetings":                       `app_id text, meeting_id text, configured_title text`,
	"store enrolled people":                `meeting_participant_id text, custom_participant_id text`,
	"mark people as removed":               `UPDATE realtimekit.meeting_participants AS t SET removed_at`,
	"resolve an enrolment's records":       `entity = 'meeting' AND record_key = $2`,
	"save a meeting's state":               `INSERT INTO sync.meeting_states`,
	"save an endpoint's state":             `INSERT INTO sync.endpoint_states`,
	"store daily counts":                   `stats_date date, total_sessions bigint`,
	"resolve daily counts":                 `entity = 'daily_stats'`,
	"store a peer report":                  `INSERT INTO realtimekit.peer_reports`,
	"resolve a peer report's records":      `record_key = $2::uuid::text AND resolved_at IS NULL`,
	"note that a peer was answered":        `INSERT INTO sync.peer_report_states`,
	"refresh the usage by day":             `analytics.refresh`,
	"take sessions of new days":            `DELETE FROM analytics.stale_sessions WHERE change_id`,
	"COPY sessions of new days":            `COPY analytics.session_dates`,
	"COPY people of several sessions":      `COPY analytics.shared_person_days`,
	"COPY curves of new days":              `COPY analytics.usage_curves`,
	"add ids of new days":                  ` analytics.usage_ids (app_id, usage_date, custom_participant_id) `, // the second time at some hours only
	"resolve a rejected record":            `SET resolved_at = now() WHERE rejected_id`,
	"make the schema of the books":         `CREATE SCHEMA sync`,
	"make the table of migrations":         `CREATE TABLE sync.schema_migrations`,
	"note that a migration was applied":    `INSERT INTO sync.schema_migrations`,
}

// endpoints are those of the API.
var endpoints = []string{
	"apps", "*/sessions", "*/sessions/*", "*/sessions/*/participants", "*/meetings", "*/meetings/*", "*/meetings/*/participants",
	"*/analytics/daywise", "*/sessions/peer-report/*",
}

// question matches a statement without effect.
var question = regexp.MustCompile(`^(SELECT|SET|begin|commit|rollback|WITH (listed|wanted) AS|WITH mine AS MATERIALIZED|WITH RECURSIVE (schemas|ran) AS)\b`)

// hasEffect reports whether a statement is more than a question.
func hasEffect(text string) bool {
	for _, pattern := range []string{"analytics.refresh", "pg_try_advisory_lock", "pg_advisory_unlock", "UPDATE realtimekit", "INSERT INTO"} {
		if strings.Contains(text, pattern) {
			return true
		}
	}
	return !question.MatchString(text)
}

// stepOf gives the name of the step that a statement or its COMMIT belongs to.
func stepOf(text string) string {
	for name, pattern := range steps {
		if strings.Contains(text, pattern) {
			return name
		}
	}
	return ""
}
