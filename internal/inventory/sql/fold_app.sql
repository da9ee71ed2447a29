-- rollcall.was is an app in other letters, rollcall.folded the app that it is. What the
-- latter has stays; the rest is moved to it, and the days of its sessions are computed
-- anew.
DO $$
DECLARE
    was    text := current_setting('rollcall.was');
    folded text := current_setting('rollcall.folded');
    kept   date[];
BEGIN
    INSERT INTO realtimekit.apps SELECT (jsonb_populate_record(t, jsonb_build_object('app_id', folded))).* FROM realtimekit.apps AS t WHERE t.app_id = was ON CONFLICT DO NOTHING;
    INSERT INTO realtimekit.meetings SELECT (jsonb_populate_record(t, jsonb_build_object('app_id', folded))).* FROM realtimekit.meetings AS t WHERE t.app_id = was ON CONFLICT DO NOTHING;
    INSERT INTO realtimekit.meeting_participants SELECT (jsonb_populate_record(t, jsonb_build_object('app_id', folded))).* FROM realtimekit.meeting_participants AS t WHERE t.app_id = was ON CONFLICT DO NOTHING;
    INSERT INTO realtimekit.daily_stats SELECT (jsonb_populate_record(t, jsonb_build_object('app_id', folded))).* FROM realtimekit.daily_stats AS t WHERE t.app_id = was ON CONFLICT DO NOTHING;
    INSERT INTO realtimekit.recordings SELECT (jsonb_populate_record(t, jsonb_build_object('app_id', folded))).* FROM realtimekit.recordings AS t WHERE t.app_id = was ON CONFLICT DO NOTHING;
    INSERT INTO sync.app_states SELECT (jsonb_populate_record(t, jsonb_build_object('app_id', folded))).* FROM sync.app_states AS t WHERE t.app_id = was ON CONFLICT DO NOTHING;
    INSERT INTO sync.endpoint_states SELECT (jsonb_populate_record(t, jsonb_build_object('app_id', folded))).* FROM sync.endpoint_states AS t WHERE t.app_id = was ON CONFLICT DO NOTHING;
    INSERT INTO sync.meeting_states SELECT (jsonb_populate_record(t, jsonb_build_object('app_id', folded))).* FROM sync.meeting_states AS t WHERE t.app_id = was ON CONFLICT DO NOTHING;
    INSERT INTO sync.backfills SELECT (jsonb_populate_record(t, jsonb_build_object('app_id', folded))).* FROM sync.backfills AS t WHERE t.app_id = was ON CONFLICT DO NOTHING;
    INSERT INTO sync.verifications SELECT (jsonb_populate_record(t, jsonb_build_object('app_id', folded))).* FROM sync.verifications AS t WHERE t.app_id = was ON CONFLICT DO NOTHING;
    INSERT INTO sync.suppressions AS o SELECT (jsonb_populate_record(t, jsonb_build_object('app_id', folded))).* FROM sync.suppressions AS t WHERE t.app_id = was
    ON CONFLICT (identifier_hash, app_id) DO UPDATE SET mode = excluded.mode, erasure_id = excluded.erasure_id
    WHERE o.mode = 'pseudonymise' AND excluded.mode = 'remove';
    -- A day of which retention deleted sessions is kept as it is; the others are counted
    -- anew from the sessions.
    kept := ARRAY(SELECT DISTINCT usage_date FROM analytics.session_dates WHERE app_id = was AND is_gone);
    INSERT INTO analytics.session_dates SELECT (jsonb_populate_record(t, jsonb_build_object('app_id', folded))).* FROM analytics.session_dates AS t WHERE t.app_id = was AND t.usage_date = ANY (kept) ON CONFLICT DO NOTHING;
    INSERT INTO analytics.usage_days SELECT (jsonb_populate_record(t, jsonb_build_object('app_id', folded))).* FROM analytics.usage_days AS t WHERE t.app_id = was AND t.usage_date = ANY (kept) ON CONFLICT DO NOTHING;
    INSERT INTO analytics.usage_preset_days OVERRIDING USER VALUE SELECT (jsonb_populate_record(t, jsonb_build_object('app_id', folded))).* FROM analytics.usage_preset_days AS t WHERE t.app_id = was AND t.usage_date = ANY (kept) ON CONFLICT DO NOTHING;
    UPDATE analytics.session_figures SET app_id = folded WHERE app_id = was;
    WITH moved AS (UPDATE realtimekit.sessions SET app_id = folded WHERE app_id = was RETURNING session_id, started_at)
    INSERT INTO analytics.stale_sessions (session_id, started_at) SELECT session_id, started_at FROM moved;
    UPDATE sync.session_states SET app_id = folded WHERE app_id = was;
    UPDATE sync.rejected_records AS t SET app_id = folded WHERE app_id = was AND NOT EXISTS (
        SELECT FROM sync.rejected_records AS o
        WHERE (o.entity, o.app_id, o.record_key) = (t.entity, folded, t.record_key) AND o.session_id IS NOT DISTINCT FROM t.session_id);
    DELETE FROM sync.rejected_records WHERE app_id = was;
    UPDATE analytics.prices AS t SET app_id = folded WHERE app_id = was AND NOT EXISTS (
        SELECT FROM analytics.prices AS o WHERE o.app_id = folded AND o.valid_from = t.valid_from
          AND (o.preset_name, o.preset_view_type, o.usage_kind) IS NOT DISTINCT FROM (t.preset_name, t.preset_view_type, t.usage_kind));
    DELETE FROM analytics.prices WHERE app_id = was;
    UPDATE analytics.deleted_recordings AS t SET app_id = folded WHERE app_id = was AND NOT EXISTS (
        SELECT FROM analytics.deleted_recordings AS o WHERE o.app_id = folded AND o.usage_date = t.usage_date
          AND (o.usage_kind, o.preset_view_type, o.time_zone) IS NOT DISTINCT FROM (t.usage_kind, t.preset_view_type, t.time_zone));
    DELETE FROM analytics.deleted_recordings WHERE app_id = was;
    UPDATE analytics.settings AS t SET app_id = folded WHERE app_id = was AND NOT EXISTS (
        SELECT FROM analytics.settings AS o WHERE o.app_id = folded AND o.meeting_id = t.meeting_id);
    DELETE FROM analytics.settings WHERE app_id = was;
    -- Lessons of one meeting may not overlap.
    UPDATE analytics.timetable AS t SET app_id = folded WHERE app_id = was AND NOT EXISTS (
        SELECT FROM analytics.timetable AS o
        WHERE (o.app_id, o.meeting_id) = (folded, t.meeting_id) AND o.starts_at < t.ends_at AND o.ends_at > t.starts_at);
    DELETE FROM analytics.timetable WHERE app_id = was;
    UPDATE analytics.excuses SET app_id = folded WHERE app_id = was;
    UPDATE sync.erasures SET app_id = folded WHERE app_id = was;
    UPDATE sync.privacy SET generation = generation + 1 WHERE EXISTS (SELECT FROM sync.suppressions WHERE app_id = was);
    DELETE FROM analytics.usage_curves WHERE app_id = was;
    DELETE FROM analytics.usage_ids WHERE app_id = was;
    DELETE FROM analytics.shared_person_days WHERE app_id = was;
    DELETE FROM analytics.usage_preset_days WHERE app_id = was;
    DELETE FROM analytics.usage_days WHERE app_id = was;
    DELETE FROM analytics.session_dates WHERE app_id = was;
    DELETE FROM sync.suppressions WHERE app_id = was;
    DELETE FROM sync.verifications WHERE app_id = was;
    DELETE FROM sync.backfills WHERE app_id = was;
    DELETE FROM sync.meeting_states WHERE app_id = was;
    DELETE FROM sync.endpoint_states WHERE app_id = was;
    DELETE FROM sync.app_states WHERE app_id = was;
    DELETE FROM realtimekit.daily_stats WHERE app_id = was;
    DELETE FROM realtimekit.recordings WHERE app_id = was;
    DELETE FROM realtimekit.meeting_participants WHERE app_id = was;
    DELETE FROM realtimekit.meetings WHERE app_id = was;
    DELETE FROM realtimekit.apps WHERE app_id = was;
END $$
