-- analytics.presence_by_day where Citus has the tables: the same rows, with the settings where
-- Citus reads them beforehand.
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
JOIN analytics.session_presences AS s ON s.session_id = d.session_id
CROSS JOIN LATERAL (
    SELECT unnest(s.participant_ids) AS participant_id, unnest(s.joined_at) AS joined_at, unnest(s.left_at) AS left_at,
           unnest(s.preset_view_types) AS preset_view_type
) AS i
JOIN realtimekit.participants AS p ON p.session_id = s.session_id AND greatest(p.participant_id) = i.participant_id
LEFT JOIN analytics.settings AS k ON k.app_id = d.app_id AND k.meeting_id = ''
WHERE i.joined_at < analytics.day_starts_at(d.usage_date + 1, d.time_zone)
  AND (i.left_at > analytics.day_starts_at(d.usage_date, d.time_zone) OR i.joined_at >= analytics.day_starts_at(d.usage_date, d.time_zone));
