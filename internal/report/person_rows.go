package report

import (
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

const ownLessonsSQL = `SELECT occurrence_id::text, coalesce(meeting_title, ''), starts_at, ends_at, is_final, status, has_left_early, coalesce(excuse, ''),
	present_seconds, late_seconds, left_early_seconds, share, first_join_at, last_leave_at
	FROM analytics.register WHERE ` + ownLessons + ` ORDER BY starts_at, occurrence_id, first_join_at NULLS LAST`

// ownLessons restricts the register; a meeting is read as a whole.
const ownLessons = `app_id = $1 AND meeting_id = ANY ($2) AND person_id = ANY ($3) AND starts_at >= $4 AND starts_at < $5`

// ownLesson is a row of the register.
type ownLesson struct {
	ID, Title            string
	StartsAt, EndsAt     time.Time
	Final                bool
	Status               string
	Early                bool
	Excuse               string
	Seconds              float64
	Late, LeftEarly      *float64
	Share                *float64
	FirstJoin, LastLeave *time.Time
}

const ownSessionsSQL = `SELECT session_id, coalesce(meeting_title, ''), session_starts_at, session_ends_at, first_join_at, last_leave_at,
	present_seconds, visits, session_share, late_seconds, is_inside, person_id
	FROM analytics.person_attendance WHERE person_id = ANY ($1) AND session_id = ANY ($2) ORDER BY session_starts_at NULLS FIRST, session_id`

const ownStaysSQL = `SELECT p.session_id::text || p.person_id, lower(v), upper(v) FROM analytics.person_presence AS p CROSS JOIN LATERAL unnest(p.presence) AS v
	WHERE p.person_id = ANY ($1) AND p.session_id = ANY ($2) ORDER BY 1, 2`

// ownSession is a session that the person was inside.
type ownSession struct {
	ID                   model.UUID
	Title                string
	StartsAt, EndsAt     *time.Time
	FirstJoin, LastLeave time.Time
	Seconds              float64
	Visits               int64
	Share, Late          *float64
	Inside               bool
	Person               string
}

const ownSecondsSQL = `SELECT coalesce(sum(present_seconds), 0) FROM (
	SELECT extract(epoch FROM sum(upper(v) - lower(v)))::float8 AS present_seconds
	FROM unnest((SELECT range_agg(presence) FROM analytics.person_presence WHERE person_id = ANY ($1) AND session_id = ANY ($2))) AS v) AS t`
