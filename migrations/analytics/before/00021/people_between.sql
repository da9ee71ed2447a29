-- A plain query, so that the planner puts it in the place of the call and reads the
-- sessions of the range and their people, and nothing else. What somebody spent in a
-- lesson and its breakout room at once counts once.
CREATE OR REPLACE FUNCTION analytics.people_between(from_at timestamptz, until_at timestamptz)
RETURNS TABLE (
    app_id text, person_id text, user_id text, custom_participant_id text, display_name text, preset_name text, is_guest boolean,
    first_join_at timestamptz, last_leave_at timestamptz, sessions bigint, meetings bigint, session_days bigint, participants bigint, visits bigint, present_seconds double precision)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT p.app_id, p.person_id, p.user_id, p.custom_participant_id, p.display_name, p.preset_name, p.is_guest,
           p.first_join_at, p.last_leave_at, p.sessions, p.meetings, p.session_days, p.participants, p.visits,
           coalesce((SELECT extract(epoch FROM sum(upper(v) - lower(v))) FROM unnest(p.presence) AS v), 0)::double precision AS present_seconds
    FROM (
        SELECT f.app_id, p.person_id,
               (array_agg(p.user_id ORDER BY p.first_join_at DESC, p.session_id) FILTER (WHERE p.user_id IS NOT NULL))[1] AS user_id,
               (array_agg(p.custom_participant_id ORDER BY p.first_join_at DESC, p.session_id) FILTER (WHERE p.custom_participant_id IS NOT NULL))[1] AS custom_participant_id,
               (array_agg(p.display_name ORDER BY p.first_join_at DESC, p.session_id) FILTER (WHERE p.display_name IS NOT NULL))[1] AS display_name,
               (array_agg(p.preset_name ORDER BY p.first_join_at DESC, p.session_id) FILTER (WHERE p.preset_name IS NOT NULL))[1] AS preset_name,
               bool_and(p.is_guest) AS is_guest, min(p.first_join_at) AS first_join_at, max(p.last_leave_at) AS last_leave_at,
               count(*) AS sessions, count(DISTINCT f.meeting_id) AS meetings, count(DISTINCT (f.starts_at AT TIME ZONE 'UTC')::date) AS session_days,
               sum(p.participants)::bigint AS participants, sum(p.visits)::bigint AS visits, range_agg(p.presence) AS presence
        FROM analytics.session_figures AS f
        JOIN analytics.session_people AS p ON p.session_id = f.session_id
        WHERE f.starts_at >= from_at AND f.starts_at < until_at
        GROUP BY 1, 2
    ) AS p
$$;
COMMENT ON FUNCTION analytics.people_between(timestamptz, timestamptz) IS 'People over all meetings of a range: one row per app and person who was inside a session that began from from_at on and before until_at, with their latest name, ids and preset, sessions, meetings (rooms, courses), days on which a session of theirs began (UTC), participants (devices) and visits summed over the sessions, and the seconds inside, each counted once. Machines, such as recorders, are not in it.';
