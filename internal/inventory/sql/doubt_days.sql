-- $1 account. Days whose sums are not those of their sessions are counted from the
-- beginning by the next refresh, but for days of which retention deleted a session.
WITH sums AS (
    SELECT app_id, usage_date, count(*) AS members, count(*) FILTER (WHERE is_start) AS started,
           count(*) FILTER (WHERE cardinality(preset_names) > 0) AS active, sum(participants) AS participants,
           sum(participant_us) AS participant_us, sum(vendor_minutes) AS vendor_minutes
    FROM analytics.session_dates
    WHERE app_id IN (SELECT app_id FROM realtimekit.apps WHERE account_id = $1)
    GROUP BY app_id, usage_date
    HAVING NOT bool_or(is_gone)
), doubted AS (
    UPDATE analytics.usage_days AS u SET is_stale = true
    FROM sums AS s
    WHERE u.app_id = s.app_id AND u.usage_date = s.usage_date AND NOT u.is_stale
      AND ((u.members, u.sessions_started, u.sessions_active, u.participants, u.participant_us, u.vendor_minutes)
               IS DISTINCT FROM (s.members, s.started, s.active, s.participants, s.participant_us, s.vendor_minutes::double precision)
           OR u.person_seconds <> u.person_us / 1000000.0 OR u.participant_seconds <> u.participant_us / 1000000.0)
    RETURNING u.app_id, u.usage_date
)
INSERT INTO analytics.stale_sessions (session_id)
SELECT DISTINCT ON (d.app_id, d.usage_date) d.session_id
FROM doubted JOIN analytics.session_dates AS d USING (app_id, usage_date)
