-- analytics.participant_intervals where Citus has the tables: the same rows, with the settings,
-- a table of the coordinator, where Citus reads them beforehand.
CREATE OR REPLACE VIEW analytics.participant_intervals AS
SELECT s.session_id, i.participant_id, analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, p.custom_participant_id, p.user_id, p.participant_id, p.preset_name, p.display_name) AS person_id,
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
FROM analytics.session_presences AS s
JOIN analytics.session_figures AS f ON f.session_id = s.session_id
CROSS JOIN LATERAL (
    SELECT unnest(s.participant_ids) AS participant_id, unnest(s.joined_at) AS joined_at, unnest(s.left_at) AS left_at,
           unnest(s.left_at_kinds) AS left_at_kind, unnest(s.is_by_events) AS is_by_events, unnest(s.is_cut) AS is_cut,
           unnest(s.preset_view_types) AS preset_view_type, unnest(s.peer_ids) AS peer_id
) AS i
JOIN realtimekit.participants AS p ON p.session_id = s.session_id AND greatest(p.participant_id) = i.participant_id
LEFT JOIN analytics.settings AS k ON k.app_id = f.app_id AND k.meeting_id = '';
