package report

import (
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// ownRow is a participant that may be the person.
type ownRow struct {
	Session, Participant       model.UUID
	App, AppName, Meeting      string
	At                         *time.Time
	User, Custom, Name, Person string
	Day                        *time.Time // of the app, as a midnight in UTC
}

// Rows that have the id in any column; whose each is the one rule of the views says.
const ownRowsSQL = `WITH k AS (
	SELECT session_id, participant_id FROM realtimekit.participants WHERE custom_participant_id = $2
	UNION SELECT session_id, participant_id FROM realtimekit.participants WHERE user_id = $2
	UNION SELECT session_id, participant_id FROM realtimekit.participants WHERE participant_id = $3)` + rowsOfAppSQL

// Rows that have one of the user_ids, and no id of the customer's.
const anonymousRowsSQL = `WITH k AS (
	SELECT session_id, participant_id FROM realtimekit.participants WHERE user_id = ANY ($2) AND custom_participant_id IS NULL)` + rowsOfAppSQL

// The rows of k; of the app $1, where that is not empty. The latest come first.
const rowsOfAppSQL = ` SELECT p.session_id, p.participant_id, s.app_id, coalesce(a.name, ''), coalesce(s.meeting_id, ''), coalesce(s.started_at, s.created_at),
	coalesce(p.user_id, ''), coalesce(p.custom_participant_id, ''), coalesce(p.display_name, ''), coalesce(w.person_id, ''),
	analytics.day_of(coalesce(s.started_at, s.created_at), coalesce(t.time_zone, z.time_zone))
	FROM k
	JOIN realtimekit.participants AS p ON p.session_id = k.session_id AND p.participant_id = k.participant_id
	JOIN realtimekit.sessions AS s ON s.session_id = k.session_id
	JOIN realtimekit.apps AS a ON a.app_id = s.app_id
	LEFT JOIN analytics.settings AS t ON t.app_id = s.app_id AND t.meeting_id = ''
	LEFT JOIN sync.account_zones AS z ON z.account_id = a.account_id
	CROSS JOIN LATERAL (SELECT analytics.person_of(t.person_by, t.nobody_ids, t.machine_presets, t.machine_names,
		p.custom_participant_id, p.user_id, p.participant_id, p.preset_name, p.display_name) AS person_id) AS w
	WHERE $1 = '' OR s.app_id = $1 ORDER BY 6 DESC NULLS LAST, 1, 2`

// enrolment is one of a person in a meeting.
type enrolment struct {
	App                                 string
	AppName                             *string
	Meeting, User, Custom, Name, Person string
}

// Enrolments by the id, and by the user_ids with which the person came.
const enrolmentsSQL = `SELECT m.app_id, a.name, m.meeting_id, m.meeting_participant_id, coalesce(m.custom_participant_id, ''), coalesce(m.display_name, ''), coalesce(w.person_id, '')
	FROM realtimekit.meeting_participants AS m
	JOIN realtimekit.apps AS a ON a.app_id = m.app_id
	LEFT JOIN analytics.settings AS t ON t.app_id = m.app_id AND t.meeting_id = ''
	CROSS JOIN LATERAL (SELECT analytics.person_of(t.person_by, t.nobody_ids, t.machine_presets, t.machine_names,
		m.custom_participant_id, m.meeting_participant_id, NULL, m.preset_name, m.display_name) AS person_id) AS w
	WHERE (m.custom_participant_id = $1 OR m.meeting_participant_id = $1 OR m.meeting_participant_id = ANY ($2)) AND ($3 = '' OR m.app_id = $3)
	ORDER BY 1, 2, 3, 4`

// sharedID is a user_id of an app with which several people came.
type sharedID struct{ App, User string }

// Of these user_ids those with which somebody else came; who is known by nothing but the
// user_id need not be.
const sharedSQL = `SELECT DISTINCT s.app_id, q.user_id
	FROM realtimekit.participants AS q JOIN realtimekit.sessions AS s ON s.session_id = q.session_id
	LEFT JOIN analytics.settings AS t ON t.app_id = s.app_id AND t.meeting_id = ''
	CROSS JOIN LATERAL (SELECT analytics.person_of(t.person_by, t.nobody_ids, t.machine_presets, t.machine_names,
		q.custom_participant_id, q.user_id, q.participant_id, q.preset_name, q.display_name) AS person_id) AS w
	WHERE q.user_id = ANY ($2) AND NOT coalesce(w.person_id, '') IN ($1, q.user_id)`

// Of the letters of ASCII every server knows which are the same; what has others, or a
// space, is compared here.
const spellingsSQL = `SELECT DISTINCT custom_participant_id
	FROM (SELECT p.custom_participant_id, s.app_id FROM realtimekit.participants AS p JOIN realtimekit.sessions AS s ON s.session_id = p.session_id
	      UNION ALL
	      SELECT custom_participant_id, app_id FROM realtimekit.meeting_participants) AS t
	WHERE (lower(custom_participant_id COLLATE "C") = $1 OR custom_participant_id ~ '[^!-~]') AND ($2 = '' OR app_id = $2) ORDER BY 1`
