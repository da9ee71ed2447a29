package report

import (
	"time"

	"github.com/rollcall-etl/rollcall/internal/model"
)

// usageDay is a day of an app in analytics.daily_usage.
type usageDay struct {
	Day                                   time.Time
	AppID, App                            string
	Started, Active, People, Participants int64
	PersonSeconds, ParticipantSeconds     float64
}

const daysSQL = `SELECT usage_date, app_id, coalesce(app_name, app_id), sessions_started, sessions_active, unique_people, participants,
	person_seconds, participant_seconds
	FROM analytics.daily_usage WHERE usage_date >= $1 AND usage_date < $2 AND ($3 = '' OR app_id = $3) ORDER BY usage_date, app_id`

// presetSum is the usage of a preset over the span.
type presetSum struct {
	Preset, View                      string
	PersonSeconds, ParticipantSeconds float64
}

// Name gives preset and view type in one text.
func (p presetSum) Name() string {
	name := nameOf(p.Preset, "no preset")
	if p.View != "" {
		name += " · " + p.View
	}
	return name
}

const presetsSQL = `SELECT coalesce(preset_name, ''), coalesce(preset_view_type, ''), sum(person_seconds), sum(participant_seconds)
	FROM analytics.preset_usage WHERE usage_date >= $1 AND usage_date < $2 AND ($3 = '' OR app_id = $3)
	GROUP BY 1, 2 ORDER BY 4 DESC, 1, 2`

// cost is an amount of money at the prices in analytics.prices, or, without an amount,
// minutes that no price fits.
type cost struct {
	Currency, Amount  string
	Minutes, Recorded float64 // of participants; of recordings and livestreams
}

const costsSQL = `SELECT coalesce(currency::text, ''), coalesce(round(sum(cost_amount), 2)::text, ''), coalesce(sum(participant_minutes), 0)::float8,
		(coalesce(sum(recording_minutes), 0) + coalesce(sum(livestream_minutes), 0))::float8
	FROM analytics.usage_cost WHERE usage_date >= $1 AND usage_date < $2 AND ($3 = '' OR app_id = $3)
	GROUP BY currency ORDER BY currency`

// sessionLine is a row of the sessions table.
type sessionLine struct {
	ID                  model.UUID
	AppID, App          string
	Title, Type, Status string
	StartsAt            *time.Time
	Seconds             *float64
	People, Peak        int64
	PersonSeconds       float64
	Share               *float64
	Complete            bool
}

// Shown gives what to call the session.
func (l *sessionLine) Shown() string { return nameOf(l.Title, "Session without a title") }

const linesSQL = `SELECT s.session_id, s.app_id, coalesce(s.app_name, s.app_id), coalesce(s.meeting_title, ''), coalesce(s.session_type, ''),
	coalesce(s.status, ''), s.starts_at, s.session_seconds, coalesce(s.unique_people, 0), coalesce(s.peak_people, 0),
	coalesce(s.person_seconds, 0), s.average_share, coalesce(s.is_complete, false)
	FROM (SELECT session_id FROM analytics.session_bounds WHERE ` + began + `
	      ORDER BY starts_at DESC, session_id LIMIT $4) AS newest
	CROSS JOIN LATERAL (SELECT * FROM analytics.session_summary WHERE session_id = newest.session_id) AS s
	ORDER BY s.starts_at DESC, s.session_id`

const countSQL = `SELECT count(*) FROM analytics.session_bounds WHERE ` + began

// The days of a deleted session are kept as they were counted.
const goneSQL = `SELECT count(*) > 0 FROM (SELECT 1 FROM analytics.session_dates
	WHERE is_gone AND usage_date >= $1 AND usage_date < $2 AND ($3 = '' OR app_id = $3) LIMIT 1) AS gone`

// began chooses sessions that began in the span: near it, which an index finds, and on a
// day of their app.
const began = `starts_at >= ($1::date - 1)::timestamp AT TIME ZONE 'UTC' AND starts_at < ($2::date + 1)::timestamp AT TIME ZONE 'UTC'
	AND started_date >= $1 AND started_date < $2 AND ($3 = '' OR app_id = $3)`

// An id is a person's within an app. Machines have no person_id, and are not counted.
const distinctSQL = `SELECT count(person_id) FROM (SELECT DISTINCT app_id, person_id FROM analytics.presence_by_day
	WHERE usage_date >= $1 AND usage_date < $2 AND ($3 = '' OR app_id = $3)) AS people`

const rangeFindingsSQL = `SELECT check_name, count(*), NULL::float8, NULL::float8 FROM analytics.data_quality
	WHERE started_at >= ($1::date - 1)::timestamp AT TIME ZONE 'UTC' AND started_at < ($2::date + 1)::timestamp AT TIME ZONE 'UTC'
		AND started_at >= analytics.day_starts_at($1, time_zone) AND started_at < analytics.day_starts_at($2, time_zone)
		AND ($3 = '' OR app_id = $3) GROUP BY check_name ORDER BY check_name`

// freshness is a row of analytics.sync_freshness.
type freshness struct {
	AppID, App   string
	DiscoveredAt *time.Time
	RunID        *int64
	RunStatus    string
	Stale        int64
	Zone         string // in which its days are cut
}

const freshnessSQL = `SELECT app_id, coalesce(app_name, app_id), discovered_at, last_run_id, coalesce(last_run_status, ''), stale_sessions,
	analytics.zone_of(app_id)
	FROM analytics.sync_freshness WHERE ($1 = '' OR app_id = $1) ORDER BY 2, 1`
