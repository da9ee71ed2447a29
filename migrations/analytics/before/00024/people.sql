CREATE OR REPLACE VIEW analytics.people AS
SELECT s.app_id, analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, p.custom_participant_id, p.user_id, p.participant_id, p.preset_name, p.display_name) AS person_id,
       max(p.user_id) AS user_id,
       (array_agg(p.custom_participant_id ORDER BY coalesce(p.joined_at, p.created_at) DESC NULLS LAST, p.session_id, p.participant_id)
           FILTER (WHERE p.custom_participant_id IS NOT NULL))[1] AS custom_participant_id,
       (array_agg(p.display_name ORDER BY coalesce(p.joined_at, p.created_at) DESC NULLS LAST, p.session_id, p.participant_id)
           FILTER (WHERE p.display_name IS NOT NULL))[1] AS display_name,
       (array_agg(p.preset_name ORDER BY coalesce(p.joined_at, p.created_at) DESC NULLS LAST, p.session_id, p.participant_id)
           FILTER (WHERE p.preset_name IS NOT NULL))[1] AS preset_name,
       min(coalesce(p.joined_at, p.created_at)) AS first_seen_at,
       max(coalesce(p.left_at, p.joined_at, p.created_at)) AS last_seen_at,
       count(DISTINCT p.session_id) AS sessions,
       count(*) AS participants
FROM realtimekit.participants AS p
JOIN realtimekit.sessions AS s ON s.session_id = p.session_id
LEFT JOIN analytics.settings AS k ON k.app_id = s.app_id AND k.meeting_id = ''
WHERE analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, p.custom_participant_id, p.user_id, p.participant_id, p.preset_name, p.display_name) IS NOT NULL
GROUP BY 1, 2;

COMMENT ON VIEW  analytics.people IS 'People by app, with their latest name and ids. One row an app and person. Machines, such as recorders, are not in it.';
COMMENT ON COLUMN analytics.people.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.people.person_id IS 'Person within the app: custom_participant_id, else user_id, else participant_id, or as analytics.settings says; see analytics.person_of.';
COMMENT ON COLUMN analytics.people.user_id IS 'The vendor''s id of the person in a meeting, of several the last by the alphabet; null where there is none.';
COMMENT ON COLUMN analytics.people.custom_participant_id IS 'The latest id that your own system gave the person; may be personal data.';
COMMENT ON COLUMN analytics.people.display_name IS 'The latest name; personal data.';
COMMENT ON COLUMN analytics.people.preset_name IS 'The latest preset (role).';
COMMENT ON COLUMN analytics.people.first_seen_at IS 'First joined_at, else created_at, of their participants, UTC.';
COMMENT ON COLUMN analytics.people.last_seen_at IS 'Last left_at, else joined_at, else created_at, UTC.';
COMMENT ON COLUMN analytics.people.sessions IS 'Number of sessions that list the person.';
COMMENT ON COLUMN analytics.people.participants IS 'Number of participants (devices) in them.';
