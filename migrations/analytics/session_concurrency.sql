CREATE OR REPLACE VIEW analytics.session_concurrency AS
SELECT f.session_id, c.changed_at, c.until_at, c.people::bigint AS present_people, c.participants::bigint AS present_participants
FROM analytics.session_figures AS f
CROSS JOIN LATERAL unnest(f.step_at, f.step_at[2:], f.step_people, f.step_participants) AS c (changed_at, until_at, people, participants);

COMMENT ON VIEW  analytics.session_concurrency IS 'How many were inside at once, as steps. One row each time that the number changes; from changed_at until before until_at it stays.';
COMMENT ON COLUMN analytics.session_concurrency.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_concurrency.changed_at IS 'From when the numbers hold, UTC, inclusive.';
COMMENT ON COLUMN analytics.session_concurrency.until_at IS 'Until when they hold, UTC, exclusive; null in the last row, where nobody is left.';
COMMENT ON COLUMN analytics.session_concurrency.present_people IS 'People inside, each counted once.';
COMMENT ON COLUMN analytics.session_concurrency.present_participants IS 'Participants (devices) inside.';
