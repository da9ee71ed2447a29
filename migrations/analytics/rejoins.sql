-- The times away are what is left of the time from the first joining to the last leaving.
-- Of somebody who came back once there is one, so that nothing needs to be taken apart.
CREATE OR REPLACE VIEW analytics.rejoins AS
SELECT p.session_id, p.person_id, p.custom_participant_id, p.display_name, (p.visits - 1)::bigint AS rejoins,
       (extract(epoch FROM upper(p.presence) - lower(p.presence)) - p.present_seconds::numeric)::double precision AS away_seconds,
       CASE WHEN p.visits = 2 THEN extract(epoch FROM upper(a.gaps) - lower(a.gaps))
            ELSE (SELECT max(extract(epoch FROM upper(v) - lower(v))) FROM unnest(a.gaps) AS v)
       END::double precision AS longest_away_seconds,
       lower(a.gaps) AS first_left_at, upper(a.gaps) AS last_returned_at
FROM analytics.session_people AS p
CROSS JOIN LATERAL (SELECT range_merge(p.presence)::tstzmultirange - p.presence AS gaps OFFSET 0) AS a -- once
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
