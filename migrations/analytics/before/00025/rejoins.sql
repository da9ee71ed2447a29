CREATE OR REPLACE VIEW analytics.rejoins AS
SELECT p.session_id, p.person_id, p.custom_participant_id, p.display_name, a.rejoins,
       a.away_seconds::double precision AS away_seconds, a.longest_away_seconds::double precision AS longest_away_seconds,
       a.first_left_at, a.last_returned_at
FROM analytics.session_people AS p
CROSS JOIN LATERAL (
    SELECT count(*) AS rejoins,
           sum(extract(epoch FROM g.returned_at - g.went_at)) AS away_seconds,
           max(extract(epoch FROM g.returned_at - g.went_at)) AS longest_away_seconds,
           min(g.went_at) AS first_left_at,
           max(g.returned_at) AS last_returned_at
    FROM (SELECT lower(v) AS returned_at, lag(upper(v)) OVER (ORDER BY lower(v)) AS went_at
          FROM unnest(p.presence) AS v) AS g
    WHERE g.went_at IS NOT NULL
) AS a
WHERE p.visits > 1;

COMMENT ON VIEW  analytics.rejoins IS 'People who left and came back, with the time away. One row per session and person with at least one gap between stays.';
COMMENT ON COLUMN analytics.rejoins.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.rejoins.person_id IS 'Person within the app: custom_participant_id, else user_id, else participant_id, or as analytics.settings says; see analytics.person_of.';
COMMENT ON COLUMN analytics.rejoins.custom_participant_id IS 'The id that your own system gave the person; null where it gave none. May be personal data.';
COMMENT ON COLUMN analytics.rejoins.display_name IS 'Name shown in the session, of the first presence that has one; personal data.';
COMMENT ON COLUMN analytics.rejoins.rejoins IS 'How often the person came back after a gap.';
COMMENT ON COLUMN analytics.rejoins.away_seconds IS 'Seconds of all gaps together.';
COMMENT ON COLUMN analytics.rejoins.longest_away_seconds IS 'Seconds of the longest gap.';
COMMENT ON COLUMN analytics.rejoins.first_left_at IS 'Start of the first gap, UTC.';
COMMENT ON COLUMN analytics.rejoins.last_returned_at IS 'End of the last gap, UTC.';
