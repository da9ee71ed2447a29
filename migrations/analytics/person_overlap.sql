CREATE OR REPLACE VIEW analytics.person_overlap AS
SELECT a.session_id, a.person_id, a.custom_participant_id, a.display_name,
       b.person_id AS other_person_id, b.custom_participant_id AS other_custom_participant_id, b.display_name AS other_display_name,
       (SELECT sum(extract(epoch FROM upper(v) - lower(v))) FROM unnest(a.presence * b.presence) AS v)::double precision AS together_seconds,
       lower(a.presence * b.presence) AS first_together_at,
       upper(a.presence * b.presence) AS last_together_at,
       a.preset_name, b.preset_name AS other_preset_name
FROM analytics.session_people AS a
JOIN analytics.session_people AS b
    ON b.session_id = a.session_id AND a.person_id COLLATE "C" < b.person_id COLLATE "C"
    -- The planner takes && alone for true of one pair in 200, and would look up per pair what it is to look up per session.
    AND coalesce(a.presence && b.presence, false);

COMMENT ON VIEW  analytics.person_overlap IS 'How long two people were in a session together. One row per session and pair that met; each pair once, person_id before other_person_id. Pairs grow with the square of the people: ask for one session at a time.';
COMMENT ON COLUMN analytics.person_overlap.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.person_overlap.person_id IS 'Person within the app: custom_participant_id, else user_id, else participant_id, or as analytics.settings says; see analytics.person_of.';
COMMENT ON COLUMN analytics.person_overlap.custom_participant_id IS 'The id that your own system gave the person; null where it gave none. May be personal data.';
COMMENT ON COLUMN analytics.person_overlap.display_name IS 'Name shown in the session, of the first presence that has one; personal data.';
COMMENT ON COLUMN analytics.person_overlap.other_person_id IS 'The other person, as person_id.';
COMMENT ON COLUMN analytics.person_overlap.other_custom_participant_id IS 'The other person''s id in your own system; may be personal data.';
COMMENT ON COLUMN analytics.person_overlap.other_display_name IS 'The other person''s name; personal data.';
COMMENT ON COLUMN analytics.person_overlap.together_seconds IS 'Seconds during which both were inside.';
COMMENT ON COLUMN analytics.person_overlap.first_together_at IS 'When both were first inside, UTC.';
COMMENT ON COLUMN analytics.person_overlap.last_together_at IS 'When both were last inside, UTC, exclusive.';
COMMENT ON COLUMN analytics.person_overlap.preset_name IS 'Preset (role) of the person, such as clinician, of the first presence that has one.';
COMMENT ON COLUMN analytics.person_overlap.other_preset_name IS 'Preset (role) of the other person.';
