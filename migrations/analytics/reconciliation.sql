CREATE OR REPLACE VIEW analytics.reconciliation AS
WITH own AS (
    SELECT s.app_id, (coalesce(s.started_at, s.created_at) AT TIME ZONE 'UTC')::date AS stats_date,
           count(*) AS sessions, coalesce(sum(s.minutes_consumed), 0) AS total_minutes,
           count(*) FILTER (WHERE s.session_type = 'participant') AS breakouts,
           count(*) FILTER (WHERE (coalesce(s.ended_at, s.updated_at) AT TIME ZONE 'UTC')::date
                                > (coalesce(s.started_at, s.created_at) AT TIME ZONE 'UTC')::date) AS over_midnight,
           count(*) FILTER (WHERE s.status IS DISTINCT FROM 'ENDED' OR st.complete_at IS NULL) AS open
    FROM realtimekit.sessions AS s
    LEFT JOIN sync.session_states AS st USING (session_id)
    GROUP BY 1, 2
), recorded AS (
    SELECT app_id, (coalesce(started_at, invoked_at) AT TIME ZONE 'UTC')::date AS stats_date, count(*) AS recordings,
           sum(CASE WHEN duration_seconds BETWEEN 0 AND 2678400 THEN duration_seconds
                    ELSE least(greatest(coalesce(extract(epoch FROM stopped_at - started_at), duration_seconds, 0), 0), 2678400) END::double precision) / 60 AS minutes,
           count(*) FILTER (WHERE coalesce(status NOT IN ('UPLOADED', 'ERRORED'), true)) AS open,
           count(*) FILTER (WHERE status = 'ERRORED') AS errored
    FROM realtimekit.recordings
    WHERE coalesce(started_at, invoked_at) IS NOT NULL
    GROUP BY 1, 2
), reach AS (
    SELECT e.app_id, e.covered_from, e.read_at, (e.read_at AT TIME ZONE 'UTC')::date AS read_date,
           (SELECT min(stats_date) FROM own WHERE own.app_id = e.app_id) AS loaded_from,
           (SELECT h.horizon FROM realtimekit.apps AS a JOIN sync.retention_horizons AS h USING (account_id)
            WHERE a.app_id = e.app_id) AS horizon,
           (SELECT r.read_at FROM sync.endpoint_states AS r WHERE r.app_id = e.app_id AND r.endpoint = 'recordings') AS recordings_read_at
    FROM sync.endpoint_states AS e
    WHERE e.endpoint = 'daywise'
), unusable AS (
    SELECT DISTINCT app_id AS of_app, left(record_key, 10) AS day
    FROM sync.rejected_records
    WHERE entity = 'daily_stats' AND resolved_at IS NULL
), joined AS (
    SELECT app_id, stats_date,
           coalesce(own.sessions, 0) AS our_sessions, coalesce(own.total_minutes, 0) AS our_minutes,
           CASE WHEN v.total_sessions IS NULL AND unusable.day IS NOT NULL THEN NULL
                WHEN v.app_id IS NOT NULL OR reach.covered_from <= stats_date THEN coalesce(v.total_sessions, 0) END AS vendor_sessions,
           CASE WHEN v.total_session_minutes IS NULL AND unusable.day IS NOT NULL THEN NULL
                WHEN v.app_id IS NOT NULL OR reach.covered_from <= stats_date THEN coalesce(v.total_session_minutes, 0) END AS vendor_minutes,
           coalesce(own.breakouts, 0) AS our_breakout_sessions, coalesce(own.over_midnight, 0) AS sessions_over_midnight,
           coalesce(own.open, 0) AS open_sessions,
           v.total_recordings AS vendor_recordings, v.total_recording_minutes AS vendor_recording_minutes,
           reach.read_at AS vendor_read_at, reach.read_date, reach.loaded_from,
           stats_date::timestamp AT TIME ZONE 'UTC' < reach.horizon AS is_cut,
           coalesce(recorded.recordings, 0) AS our_recordings, coalesce(recorded.minutes, 0) AS our_recording_minutes,
           coalesce(recorded.open, 0) AS open_recordings, coalesce(recorded.errored, 0) AS errored_recordings,
           CASE WHEN v.app_id IS NOT NULL OR reach.covered_from <= stats_date THEN coalesce(v.total_recordings, 0) END AS counted_recordings,
           CASE WHEN v.app_id IS NOT NULL OR reach.covered_from <= stats_date THEN coalesce(v.total_recording_minutes, 0) END AS counted_minutes,
           reach.recordings_read_at
    FROM own
    FULL JOIN realtimekit.daily_stats AS v USING (app_id, stats_date)
    FULL JOIN recorded USING (app_id, stats_date)
    LEFT JOIN reach USING (app_id)
    LEFT JOIN unusable ON unusable.of_app = app_id AND unusable.day = to_char(stats_date, 'YYYY-MM-DD')
)
SELECT app_id, stats_date, our_sessions, vendor_sessions, our_sessions - vendor_sessions AS sessions_difference,
       our_minutes, vendor_minutes, round((our_minutes - vendor_minutes)::numeric, 4)::double precision AS minutes_difference,
       CASE WHEN vendor_sessions IS NULL OR vendor_minutes IS NULL THEN 'not_read'
            WHEN stats_date < loaded_from OR loaded_from IS NULL THEN 'not_loaded'
            WHEN our_sessions = vendor_sessions AND abs(our_minutes - vendor_minutes) <= 0.01 * greatest(our_sessions, 1) THEN 'agrees'
            -- Retention has deleted the sessions of this day, but for those that ran on behind the horizon.
            WHEN is_cut THEN 'not_loaded'
            WHEN stats_date >= read_date OR open_sessions > 0 THEN 'pending'
            ELSE 'differs' END AS status,
       our_breakout_sessions, sessions_over_midnight, open_sessions, vendor_recordings, vendor_recording_minutes, vendor_read_at,
       CASE WHEN recordings_read_at IS NOT NULL THEN our_recordings END AS our_recordings,
       CASE WHEN recordings_read_at IS NOT NULL THEN round(our_recording_minutes::numeric, 4)::double precision END AS our_recording_minutes,
       CASE WHEN recordings_read_at IS NOT NULL THEN our_recordings - counted_recordings END AS recordings_difference,
       CASE WHEN recordings_read_at IS NOT NULL THEN round((our_recording_minutes - counted_minutes)::numeric, 4)::double precision END AS recording_minutes_difference,
       CASE WHEN recordings_read_at IS NULL OR counted_recordings IS NULL THEN 'not_read'
            WHEN our_recordings = counted_recordings AND abs(our_recording_minutes - counted_minutes) <= 0.02 * greatest(our_recordings, 1) THEN 'agrees'
            WHEN is_cut THEN 'not_loaded'
            WHEN stats_date >= least(read_date, (recordings_read_at AT TIME ZONE 'UTC')::date) OR open_recordings > 0 THEN 'pending'
            ELSE 'differs' END AS recordings_status,
       open_recordings, errored_recordings
FROM joined;

COMMENT ON VIEW  analytics.reconciliation IS 'Our sums against the vendor''s own, by app and day in UTC. A session counts on the day it began; which day the vendor goes by, and whether breakout rooms or recordings that failed count there, is documented nowhere, so a difference next to sessions_over_midnight, our_breakout_sessions or errored_recordings may be one of rules.';
COMMENT ON COLUMN analytics.reconciliation.app_id IS 'App.';
COMMENT ON COLUMN analytics.reconciliation.stats_date IS 'Day, UTC.';
COMMENT ON COLUMN analytics.reconciliation.our_sessions IS 'Sessions in the warehouse that began on the day, breakout rooms included.';
COMMENT ON COLUMN analytics.reconciliation.vendor_sessions IS 'Sessions that the vendor counts; 0 where its answer left the day out; null where the day was never asked for, or what was answered could not be used and waits in sync.rejected_records.';
COMMENT ON COLUMN analytics.reconciliation.sessions_difference IS 'our_sessions minus vendor_sessions.';
COMMENT ON COLUMN analytics.reconciliation.our_minutes IS 'Participant-minutes: sum of realtimekit.sessions.minutes_consumed.';
COMMENT ON COLUMN analytics.reconciliation.vendor_minutes IS 'Participant-minutes that the vendor counts; 0 and null as in vendor_sessions.';
COMMENT ON COLUMN analytics.reconciliation.minutes_difference IS 'our_minutes minus vendor_minutes, in minutes, to four decimals.';
COMMENT ON COLUMN analytics.reconciliation.status IS 'agrees: same sessions, and minutes within 0.01 per session. differs. pending: not equal, but the vendor was read before the day was over, or sessions of it are live or incomplete. not_read: the vendor was never asked about the day, or its answer was set aside. not_loaded: the day lies before the first session that was copied (run a backfill), or begins before the horizon of rollcall retention, which deletes sessions.';
COMMENT ON COLUMN analytics.reconciliation.our_breakout_sessions IS 'How many of our_sessions have session_type participant (seen with breakout rooms).';
COMMENT ON COLUMN analytics.reconciliation.sessions_over_midnight IS 'How many of our_sessions ended on a later day.';
COMMENT ON COLUMN analytics.reconciliation.open_sessions IS 'How many of our_sessions are live or were not read completely.';
COMMENT ON COLUMN analytics.reconciliation.vendor_recordings IS 'Recordings that the vendor counts; null where its answer had none for the day.';
COMMENT ON COLUMN analytics.reconciliation.vendor_recording_minutes IS 'Recorded minutes that the vendor counts.';
COMMENT ON COLUMN analytics.reconciliation.vendor_read_at IS 'When the vendor''s counts of the app were last read, UTC.';
COMMENT ON COLUMN analytics.reconciliation.our_recordings IS 'Recordings in the warehouse that began on the day; null where recordings were never read (--with recordings).';
COMMENT ON COLUMN analytics.reconciliation.our_recording_minutes IS 'Their length in minutes; null as our_recordings.';
COMMENT ON COLUMN analytics.reconciliation.recordings_difference IS 'our_recordings minus those that the vendor counts, 0 where its answer has none for the day.';
COMMENT ON COLUMN analytics.reconciliation.recording_minutes_difference IS 'our_recording_minutes minus the vendor''s, in minutes, to four decimals.';
COMMENT ON COLUMN analytics.reconciliation.recordings_status IS 'The same as status, for recordings. agrees: as many recordings, and minutes within 0.02 per recording, since their length comes in whole seconds. pending: also where a recording goes on or is not uploaded.';
COMMENT ON COLUMN analytics.reconciliation.open_recordings IS 'Recordings in the warehouse that go on or are not uploaded.';
COMMENT ON COLUMN analytics.reconciliation.errored_recordings IS 'Recordings in the warehouse that failed.';
