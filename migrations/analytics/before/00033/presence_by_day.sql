CREATE OR REPLACE VIEW analytics.presence_by_day AS
SELECT d.app_id, d.usage_date, d.session_id, i.participant_id,
       analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, p.custom_participant_id, p.user_id, p.participant_id, p.preset_name, p.display_name) AS person_id, p.custom_participant_id,
       p.preset_name, i.preset_view_type,
       greatest(i.joined_at, analytics.day_starts_at(d.usage_date, d.time_zone)) AS from_at,
       least(i.left_at, analytics.day_starts_at(d.usage_date + 1, d.time_zone)) AS to_at,
       extract(epoch FROM least(i.left_at, analytics.day_starts_at(d.usage_date + 1, d.time_zone))
                          - greatest(i.joined_at, analytics.day_starts_at(d.usage_date, d.time_zone)))::double precision AS present_seconds,
       d.time_zone
FROM analytics.session_dates AS d
JOIN analytics.presences AS i
    ON i.session_id = d.session_id AND i.joined_at < analytics.day_starts_at(d.usage_date + 1, d.time_zone)
    AND (i.left_at > analytics.day_starts_at(d.usage_date, d.time_zone) OR i.joined_at >= analytics.day_starts_at(d.usage_date, d.time_zone))
JOIN realtimekit.participants AS p ON p.session_id = i.session_id AND p.participant_id = i.participant_id
LEFT JOIN analytics.settings AS k ON k.app_id = d.app_id AND k.meeting_id = '';

COMMENT ON VIEW  analytics.presence_by_day IS 'Presences cut at midnight in the time zone of the app (analytics.settings), UTC unless set: participant time by day. One row per presence and day. As current as the last analytics.refresh; unlike the usage tables it is computed when asked.';
COMMENT ON COLUMN analytics.presence_by_day.app_id IS 'App: realtimekit.apps.app_id.';
COMMENT ON COLUMN analytics.presence_by_day.usage_date IS 'Day of the app, in time_zone.';
COMMENT ON COLUMN analytics.presence_by_day.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.presence_by_day.participant_id IS 'Participant, that is one peer (device) of a person: realtimekit.participants.participant_id.';
COMMENT ON COLUMN analytics.presence_by_day.person_id IS 'Person within the app: custom_participant_id, else user_id, else participant_id, or as analytics.settings says; see analytics.person_of. Null for a machine, such as a recorder.';
COMMENT ON COLUMN analytics.presence_by_day.custom_participant_id IS 'The id that your own system gave the person; null where it gave none. May be personal data.';
COMMENT ON COLUMN analytics.presence_by_day.preset_name IS 'Preset (role) of the participant.';
COMMENT ON COLUMN analytics.presence_by_day.preset_view_type IS 'GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT; null where no event says.';
COMMENT ON COLUMN analytics.presence_by_day.from_at IS 'Start of the presence on that day, UTC, inclusive.';
COMMENT ON COLUMN analytics.presence_by_day.to_at IS 'End of the presence on that day, UTC, exclusive.';
COMMENT ON COLUMN analytics.presence_by_day.present_seconds IS 'Length of the presence on that day in seconds.';
COMMENT ON COLUMN analytics.presence_by_day.time_zone IS 'Time zone of the day, as the session was last counted: that of the app in analytics.settings, UTC unless set.';
