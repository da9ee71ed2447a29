-- analytics.data_quality where Citus has the tables: the same rows. The settings that a part is
-- joined with and does not use are a table of the coordinator: where a question names one
-- session, Citus then fetches its rows first, from one shard, by the key that they are named by.
-- It plans each part of a union before it knows the session, and would ask every shard.
CREATE OR REPLACE VIEW analytics.data_quality AS
WITH zones AS (
    -- As analytics.zone_of, which the nodes of a cluster cannot ask.
    SELECT a.app_id, coalesce(k.time_zone, z.time_zone) AS time_zone
    FROM realtimekit.apps AS a
    LEFT JOIN analytics.settings AS k ON k.app_id = a.app_id AND k.meeting_id = ''
    LEFT JOIN sync.account_zones AS z ON z.account_id = a.account_id
)
SELECT f.session_id, s.app_id, s.started_at, c.check_name, c.findings, c.measured_value, c.vendor_value, f.time_zone
FROM analytics.session_figures AS f
JOIN realtimekit.sessions AS s ON s.session_id = f.session_id
LEFT JOIN analytics.settings AS here ON here.app_id = s.app_id AND here.meeting_id = ''
CROSS JOIN LATERAL (
    VALUES ('repaired_values', f.repaired_records, NULL::double precision, NULL::double precision),
           ('open_presences', f.assumed_leavings, NULL, NULL),
           ('joining_without_leaving', f.lone_joinings, NULL, NULL),
           ('leaving_without_joining', f.lone_leavings, NULL, NULL),
           ('left_before_joined', f.inverted_participants, NULL, NULL),
           ('time_out_of_bounds', f.cut_presences, NULL, NULL),
           ('no_usable_time', f.timeless_records, NULL, NULL),
           ('removed_participants', f.unlisted_participants, NULL, NULL),
           ('session_without_end', (f.status = 'ENDED' AND s.ended_at IS NULL)::integer, NULL, NULL),
           ('minutes_disagree',
            (f.status = 'ENDED' AND abs(f.participant_seconds / 60 - f.vendor_minutes) > 0.001 + f.presences * 0.01 / 60)::integer,
            round((f.participant_seconds / 60)::numeric, 4)::double precision, f.vendor_minutes),
           ('peak_disagrees', (f.status = 'ENDED' AND f.peak_participants <> f.vendor_peak)::integer,
            f.peak_participants, f.vendor_peak),
           ('one_id_several_people', f.shared_ids, NULL, NULL)
) AS c (check_name, findings, measured_value, vendor_value)
WHERE c.findings > 0
UNION ALL
SELECT st.session_id, st.app_id, st.created_at, 'session_not_complete', 1, st.distinct_participants, st.announced_participants, coalesce(k.time_zone, 'UTC')
FROM sync.session_states AS st
LEFT JOIN zones AS k ON k.app_id = st.app_id
LEFT JOIN analytics.settings AS here ON here.app_id = st.app_id AND here.meeting_id = ''
WHERE st.complete_at IS NULL AND st.status IS DISTINCT FROM 'LIVE'
UNION ALL
SELECT st.session_id, st.app_id, st.created_at, 'erased_participants', st.erased_participants, NULL, NULL, coalesce(k.time_zone, 'UTC')
FROM sync.session_states AS st
LEFT JOIN zones AS k ON k.app_id = st.app_id
LEFT JOIN analytics.settings AS here ON here.app_id = st.app_id AND here.meeting_id = ''
WHERE st.erased_participants > 0
UNION ALL
SELECT r.session_id, r.app_id, s.started_at, 'rejected_records', count(*), NULL, NULL, coalesce(min(k.time_zone), 'UTC')
FROM sync.rejected_records AS r
LEFT JOIN realtimekit.sessions AS s ON s.session_id = r.session_id
LEFT JOIN zones AS k ON k.app_id = r.app_id
WHERE r.resolved_at IS NULL
GROUP BY r.session_id, r.app_id, s.started_at -- so that a range of it comes before the counting
UNION ALL
SELECT NULL, a.app_id, NULL, 'ids_alike', count(*), NULL, NULL, coalesce(min(k.time_zone), 'UTC')
FROM (SELECT app_id
      FROM (SELECT app_id, custom_participant_id FROM analytics.usage_ids
            UNION
            SELECT app_id, custom_participant_id FROM realtimekit.meeting_participants WHERE custom_participant_id IS NOT NULL) AS i
      GROUP BY app_id, lower(btrim(normalize(custom_participant_id, NFKC), E' \t\r\n\u200b\ufeff')) HAVING count(*) > 1) AS a
LEFT JOIN zones AS k ON k.app_id = a.app_id
GROUP BY a.app_id;
