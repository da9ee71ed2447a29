-- rollcall.was is a meeting in other letters, rollcall.folded the meeting that it is, in
-- whatever app. What the latter has stays; the rest is moved to it. Its sessions are
-- others then, so that its enrolment is read again.
DO $$
DECLARE
    was    text := current_setting('rollcall.was');
    folded text := current_setting('rollcall.folded');
    app    text;
BEGIN
    FOR app IN SELECT app_id FROM realtimekit.meetings WHERE meeting_id <> lower(meeting_id) AND meeting_id = was LOOP
        INSERT INTO realtimekit.meetings SELECT (jsonb_populate_record(t, jsonb_build_object('meeting_id', folded))).* FROM realtimekit.meetings AS t WHERE (t.app_id, t.meeting_id) = (app, was) ON CONFLICT DO NOTHING;
        INSERT INTO realtimekit.meeting_participants SELECT (jsonb_populate_record(t, jsonb_build_object('meeting_id', folded))).* FROM realtimekit.meeting_participants AS t WHERE (t.app_id, t.meeting_id) = (app, was) ON CONFLICT DO NOTHING;
        INSERT INTO sync.meeting_states SELECT (jsonb_populate_record(t, jsonb_build_object('meeting_id', folded))).* FROM sync.meeting_states AS t WHERE (t.app_id, t.meeting_id) = (app, was) ON CONFLICT DO NOTHING;
        UPDATE realtimekit.recordings SET meeting_id = folded WHERE (app_id, meeting_id) = (app, was);
        UPDATE realtimekit.sessions SET meeting_id = folded WHERE (app_id, meeting_id) = (app, was);
        UPDATE analytics.session_figures SET meeting_id = folded WHERE (app_id, meeting_id) = (app, was);
        UPDATE analytics.settings AS t SET meeting_id = folded WHERE (app_id, meeting_id) = (app, was) AND NOT EXISTS (
            SELECT FROM analytics.settings AS o WHERE (o.app_id, o.meeting_id) = (app, folded));
        DELETE FROM analytics.settings WHERE (app_id, meeting_id) = (app, was);
        -- Lessons of one meeting may not overlap.
        UPDATE analytics.timetable AS t SET meeting_id = folded WHERE (app_id, meeting_id) = (app, was) AND NOT EXISTS (
            SELECT FROM analytics.timetable AS o
            WHERE (o.app_id, o.meeting_id) = (app, folded) AND o.starts_at < t.ends_at AND o.ends_at > t.starts_at);
        DELETE FROM analytics.timetable WHERE (app_id, meeting_id) = (app, was);
        UPDATE analytics.excuses SET meeting_id = folded WHERE (app_id, meeting_id) = (app, was);
        DELETE FROM sync.meeting_states WHERE (app_id, meeting_id) = (app, was);
        DELETE FROM realtimekit.meeting_participants WHERE (app_id, meeting_id) = (app, was);
        DELETE FROM realtimekit.meetings WHERE (app_id, meeting_id) = (app, was);
    END LOOP;
END $$
