package report

import (
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// sessionHead is analytics.session_summary and where it comes from.
type sessionHead struct {
	SessionID                                     model.UUID
	AppID, AppName, MeetingID, Title              string
	SessionType, Status, EndsAtSource             string
	StartsAt, EndsAt                              *time.Time
	Seconds                                       *float64
	People, Participants, PeakPeople, PeakDevices int64
	VendorPeak                                    *int64
	PersonSeconds                                 float64
	VendorMinutes, AveragePeople, AverageShare    *float64
	Rejoins                                       int64
	OpenPresences, Removed                        int64
	Complete                                      bool
	ReadAt                                        *time.Time
	LastError                                     string
	RunID                                         *int64
	RunVersion, Zone                              string
}

const sessionSQL = `SELECT s.session_id, s.app_id, coalesce(s.app_name, ''), coalesce(s.meeting_id, ''), coalesce(s.meeting_title, ''),
	coalesce(s.session_type, ''), coalesce(s.status, ''), coalesce(s.ends_at_source, ''), s.starts_at, s.ends_at, s.session_seconds,
	coalesce(s.unique_people, 0), coalesce(s.participants, 0), coalesce(s.peak_people, 0), coalesce(s.peak_participants, 0),
	s.vendor_peak_participants, coalesce(s.person_seconds, 0), s.vendor_minutes, s.average_people, s.average_share,
	coalesce(s.rejoins, 0), coalesce(s.open_presences, 0), coalesce(s.removed_participants, 0), coalesce(s.is_complete, false),
	st.read_at, coalesce(st.last_error, ''), st.run_id, '', s.time_zone
	FROM analytics.session_summary AS s
	LEFT JOIN sync.session_states AS st ON st.session_id = s.session_id
	WHERE s.session_id = $1`

// versionSQL is a query of its own: Citus does not join the books of one node with the
// sessions of all.
const versionSQL = `SELECT program_version FROM sync.runs WHERE run_id = $1`

// person is a row of the attendance table, with the visits in it.
type person struct {
	personRow
	Stays []stay
}

// stay is a visit with devices merged.
type stay struct {
	From, To time.Time
	Open     bool // whether To is assumed
}

const peopleSQL = `SELECT person_id, coalesce(custom_participant_id, ''), coalesce(display_name, ''), coalesce(preset_name, ''),
	first_join_at, last_leave_at, present_seconds, visits, session_share, late_seconds, participants, is_inside, has_open_presence
	FROM analytics.person_attendance WHERE session_id = $1 ORDER BY first_join_at, person_id COLLATE "C" LIMIT $2`

const staysSQL = `SELECT p.person_id, lower(v), upper(v) FROM analytics.person_presence AS p CROSS JOIN LATERAL unnest(p.presence) AS v
	WHERE p.session_id = $1 ORDER BY 1, 2`

// A machine is no person, and has no stays on the page.
const openSQL = `SELECT person_id, left_at FROM analytics.participant_intervals
	WHERE session_id = $1 AND is_open AND person_id IS NOT NULL`

// personRow is a person without the stays, which another view holds.
type personRow struct {
	ID, CustomID, Name, Preset string
	FirstJoin, LastLeave       time.Time
	Seconds                    float64
	Visits                     int64
	Share, Late                *float64
	Devices                    int64
	Inside, Open               bool
}

type stayRow struct {
	Person   string
	From, To time.Time
}

type openRow struct {
	Person string
	To     time.Time
}

// step is a step of the concurrency curve.
type step struct {
	At              time.Time
	People, Devices int64
}

const stepsSQL = `SELECT changed_at, present_people, present_participants FROM analytics.session_concurrency
	WHERE session_id = $1 ORDER BY changed_at`

const minutesSQL = `SELECT minute_at, peak_people, peak_participants FROM analytics.session_concurrency_minutely
	WHERE session_id = $1 ORDER BY minute_at`

// point is one of the eleven of analytics.session_drop_off.
type point struct {
	Percent               int
	At                    time.Time
	Present, Joined, Gone int64
	Share                 *float64
}

const pointsSQL = `SELECT elapsed_percent, point_at, present_people, joined_people, gone_people, present_share
	FROM analytics.session_drop_off WHERE session_id = $1 ORDER BY elapsed_percent`

// noShow is somebody who was enrolled and did not come.
type noShow struct {
	ID, CustomID, Name, Preset string
	WaitingRoom                bool
}

// A session may reach into several lessons: each has a row for everybody who was away, and
// who was away from one may have been at another.
const noShowsSQL = `SELECT person_id, coalesce(custom_participant_id, ''), coalesce(display_name, ''), coalesce(preset_name, ''),
	bool_or(was_in_waiting_room) FROM analytics.no_shows
	WHERE app_id = (SELECT app_id FROM analytics.session_bounds WHERE session_id = $1)
		AND meeting_id = (SELECT meeting_id FROM analytics.session_bounds WHERE session_id = $1) AND $1 = ANY (session_ids)
		AND NOT person_id = ANY ($3)
	GROUP BY person_id, custom_participant_id, display_name, preset_name
	ORDER BY display_name COLLATE "C", person_id COLLATE "C" LIMIT $2`

// Who was absent is known of a lesson, and of a meeting in which people are enrolled.
const (
	lessonSQL = `SELECT count(*) > 0 FROM (SELECT 1 FROM analytics.occurrences
	WHERE app_id = $1 AND meeting_id = $2 AND $3 = ANY (session_ids) LIMIT 1) AS lesson`
	enrolledSQL = `SELECT count(*) > 0 FROM (SELECT 1 FROM realtimekit.meeting_participants WHERE app_id = $1 AND meeting_id = $2 LIMIT 1) AS enrolled`
)
