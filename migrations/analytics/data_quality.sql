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
           ('session_out_of_bounds', -- before 2020 there was no such product
            (s.ended_at < f.starts_at OR f.ends_at < f.starts_at OR f.ends_at - f.starts_at > interval '744 hours' OR f.starts_at < timestamptz '2020-01-01Z')::integer, NULL, NULL),
           ('minutes_disagree',
            (f.status = 'ENDED' AND abs(f.participant_seconds / 60 - f.vendor_minutes) > 0.001 + f.presences * 0.01 / 60)::integer,
            round((f.participant_seconds / 60)::numeric, 4)::double precision, f.vendor_minutes),
           ('peak_disagrees',
            (f.status = 'ENDED' AND f.vendor_peak NOT IN (f.peak_participants, coalesce(f.peak_with_machines, f.peak_participants)))::integer,
            f.peak_participants, f.vendor_peak),
           ('one_id_several_people', f.shared_ids, NULL, NULL)
) AS c (check_name, findings, measured_value, vendor_value)
WHERE c.findings > 0
UNION ALL
SELECT st.session_id, st.app_id, st.created_at, 'session_not_complete', 1, st.distinct_participants, st.announced_participants, coalesce(k.time_zone, 'UTC')
FROM sync.session_states AS st
LEFT JOIN zones AS k ON k.app_id = st.app_id
WHERE st.complete_at IS NULL AND st.status IS DISTINCT FROM 'LIVE'
UNION ALL
SELECT st.session_id, st.app_id, st.created_at, 'erased_participants', st.erased_participants, NULL, NULL, coalesce(k.time_zone, 'UTC')
FROM sync.session_states AS st
LEFT JOIN zones AS k ON k.app_id = st.app_id
WHERE st.erased_participants > 0
UNION ALL
SELECT r.session_id, r.app_id, s.started_at, 'rejected_records', count(*), NULL, NULL, coalesce(min(k.time_zone), 'UTC')
FROM sync.rejected_records AS r
LEFT JOIN realtimekit.sessions AS s ON s.session_id = r.session_id
LEFT JOIN zones AS k ON k.app_id = r.app_id
WHERE r.resolved_at IS NULL
GROUP BY r.session_id, r.app_id, s.started_at -- so that a range of it comes before the counting
UNION ALL
SELECT r.session_id, r.app_id, min(coalesce(r.started_at, r.invoked_at)), 'recording_out_of_bounds', count(*), NULL, NULL, coalesce(min(k.time_zone), 'UTC')
FROM realtimekit.recordings AS r
LEFT JOIN zones AS k ON k.app_id = r.app_id
WHERE coalesce(r.duration_seconds, extract(epoch FROM r.stopped_at - r.started_at)) NOT BETWEEN 0 AND 2678400
GROUP BY r.session_id, r.app_id
UNION ALL
SELECT l.session_id, s.app_id, s.started_at, 'livestream_out_of_bounds', count(*), NULL, NULL, coalesce(min(k.time_zone), 'UTC')
FROM realtimekit.livestream_sessions AS l
JOIN realtimekit.sessions AS s ON s.session_id = l.session_id
LEFT JOIN zones AS k ON k.app_id = s.app_id
WHERE coalesce(l.ingest_seconds, extract(epoch FROM l.stopped_at - l.started_at)) NOT BETWEEN 0 AND 2678400
GROUP BY l.session_id, s.app_id, s.started_at
UNION ALL
SELECT NULL, a.app_id, NULL, 'ids_alike', count(*), NULL, NULL, coalesce(min(k.time_zone), 'UTC')
FROM (SELECT app_id
      FROM (SELECT app_id, custom_participant_id FROM analytics.usage_ids
            UNION
            SELECT app_id, custom_participant_id FROM realtimekit.meeting_participants WHERE custom_participant_id IS NOT NULL) AS i
      GROUP BY app_id, lower(btrim(normalize(custom_participant_id, NFKC), E' \t\r\n\u200b\ufeff')) HAVING count(*) > 1) AS a
LEFT JOIN zones AS k ON k.app_id = a.app_id
GROUP BY a.app_id;

COMMENT ON VIEW  analytics.data_quality IS 'What to know before trusting a number. One row per session and check that found something. Checks: repaired_values (records with a mended value), rejected_records (set aside, not stored), open_presences (leaving not recorded), joining_without_leaving and leaving_without_joining (moments of peer events without a partner), left_before_joined, time_out_of_bounds (presences with a time more than a day outside of the session, or of more than 31 days, which were cut), no_usable_time (participants or events without a time), removed_participants (no longer listed by the vendor), session_without_end, session_out_of_bounds (it ended before it began, so that its last sign is taken for its end, or it lasts more than 31 days or began before 2020, so that its length, day, shares and lateness say nothing), minutes_disagree (our participant-minutes against minutes_consumed), peak_disagrees (our peak against max_concurrent_participants, which may count machines, such as a recorder, as well), session_not_complete (a full reading did not agree with the announced number), erased_participants (people who were erased, so that minutes and peak lie below the vendor''s), recording_out_of_bounds and livestream_out_of_bounds (their length is below zero or more than 31 days, so that recording_usage has another), one_id_several_people (one person inside twice at once under several names: is the id everybody''s? See nobody_ids in analytics.settings), ids_alike (of an app, session_id is null: custom ids that differ only in upper and lower case, in outer blanks, or in how Unicode writes a letter, and so are different people).';
COMMENT ON COLUMN analytics.data_quality.session_id IS 'Session: realtimekit.sessions.session_id; null for a rejected record, or recordings, whose session is not known.';
COMMENT ON COLUMN analytics.data_quality.app_id IS 'App; null for a rejected record whose app is not known.';
COMMENT ON COLUMN analytics.data_quality.started_at IS 'Start of the session, UTC; for session_not_complete and erased_participants its creation, for recording_out_of_bounds that of its first such recording.';
COMMENT ON COLUMN analytics.data_quality.check_name IS 'Name of the check; see the description of the view.';
COMMENT ON COLUMN analytics.data_quality.findings IS 'How many records or moments it found; 1 where it concerns the session as a whole.';
COMMENT ON COLUMN analytics.data_quality.measured_value IS 'What Rollcall counts: minutes, participants at once, or participants; null for checks without a comparison.';
COMMENT ON COLUMN analytics.data_quality.vendor_value IS 'What the vendor says, in the same unit.';
COMMENT ON COLUMN analytics.data_quality.time_zone IS 'Time zone of the app, by which its days are cut: of analytics.settings, UTC unless set.';
