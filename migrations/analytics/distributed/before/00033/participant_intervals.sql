CREATE OR REPLACE VIEW analytics.participant_intervals AS
SELECT i.session_id, i.participant_id, analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, p.custom_participant_id, p.user_id, p.participant_id, p.preset_name, p.display_name) AS person_id,
       CASE WHEN i.is_by_events THEN coalesce(i.peer_id, i.participant_id::text) END AS peer_id,
       p.user_id, p.custom_participant_id, p.display_name, p.preset_name, i.preset_view_type, i.joined_at, i.left_at,
       extract(epoch FROM i.left_at - i.joined_at)::double precision AS present_seconds,
       CASE WHEN i.is_by_events THEN 'peer_events' ELSE 'participant_row' END AS interval_source,
       CASE i.left_at_kind
           WHEN 'r' THEN 'removed_at'
           WHEN 'e' THEN 'session_ended_at'
           WHEN 's' THEN 'last_seen'
           WHEN 'g' THEN 'last_sign'
           WHEN 'l' THEN 'peer_leaving'
           WHEN 'n' THEN 'next_peer_joining'
           ELSE 'participant_left_at'
       END AS left_at_source,
       i.left_at_kind IN ('r', 'e', 's', 'g') AS is_open, p.removed_at IS NOT NULL AS is_removed, i.is_cut
FROM analytics.presences AS i
JOIN realtimekit.participants AS p ON p.session_id = i.session_id AND p.participant_id = i.participant_id
JOIN analytics.session_figures AS f ON f.session_id = i.session_id
LEFT JOIN analytics.settings AS k ON k.app_id = f.app_id AND k.meeting_id = '';
