-- analytics.people_between where Citus has the tables: it takes no parameters into a function
-- in SQL.
CREATE OR REPLACE FUNCTION analytics.people_between(from_at timestamptz, until_at timestamptz)
RETURNS TABLE (
    app_id text, person_id text, user_id text, custom_participant_id text, display_name text, preset_name text, is_guest boolean,
    first_join_at timestamptz, last_leave_at timestamptz, sessions bigint, meetings bigint, session_days bigint, participants bigint, visits bigint, present_seconds double precision)
LANGUAGE plpgsql STABLE
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
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
    ) AS p;
END
$$;
