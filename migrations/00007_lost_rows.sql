-- +goose Up
-- Due is what has not been seen, and lost is what was there: counts of sessions do
-- not tell one from another, and say nothing of rows that go without a word.
ALTER TABLE sync.meeting_states
    ADD COLUMN sessions_digest bigint,
    ADD COLUMN stored_people   bigint,
    ADD COLUMN tried_digest    bigint;
COMMENT ON COLUMN sync.meeting_states.sessions_digest IS 'Digest of the sessions that the meeting had in the warehouse at the last sound reading, and of which had ended: another one means that the enrolment is to be read again. Null before that, or where rows of it were lost.';
COMMENT ON COLUMN sync.meeting_states.stored_people IS 'Rows of realtimekit.meeting_participants that the meeting had then; fewer were lost. Null where that is not known.';
COMMENT ON COLUMN sync.meeting_states.tried_digest IS 'The same digest at the last reading that failed or did not add up; null where nothing is wrong.';
-- A meeting that agrees by number was seen, unless rollcall retention may have
-- exchanged its sessions.
UPDATE sync.meeting_states AS t
SET sessions_digest = m.digest
FROM (SELECT app_id, meeting_id, count(*) AS sessions, count(*) FILTER (WHERE status = 'ENDED') AS ended,
             bit_xor(uuid_hash_extended(session_id, CASE WHEN status = 'ENDED' THEN 1 ELSE 0 END)) AS digest
      FROM realtimekit.sessions WHERE meeting_id IS NOT NULL GROUP BY 1, 2) AS m
WHERE (t.app_id, t.meeting_id, t.sessions_seen, t.sessions_ended) = (m.app_id, m.meeting_id, m.sessions, m.ended)
  AND NOT EXISTS (SELECT FROM realtimekit.apps AS a JOIN sync.retention_horizons AS h USING (account_id) WHERE a.app_id = t.app_id);
UPDATE sync.meeting_states AS t
SET stored_people = (SELECT count(*) FROM realtimekit.meeting_participants AS p WHERE (p.app_id, p.meeting_id) = (t.app_id, t.meeting_id));

ALTER TABLE sync.session_states
    ADD COLUMN stored_participants bigint,
    ADD COLUMN stored_events       bigint;
COMMENT ON COLUMN sync.session_states.stored_participants IS 'Rows of realtimekit.participants that the session had when it was last stored, those marked as removed included; fewer were lost. Null where that is not known.';
COMMENT ON COLUMN sync.session_states.stored_events IS 'The same of realtimekit.peer_events.';
-- Participants that are missing by now are known by what the last reading found.
UPDATE sync.session_states AS t
SET stored_participants = greatest(coalesce(p.rows, 0), t.distinct_participants - t.erased_participants - (
        SELECT count(*) FROM sync.rejected_records AS r WHERE r.session_id = t.session_id AND r.entity = 'participant')),
    stored_events = coalesce(e.rows, 0)
FROM sync.session_states AS s
LEFT JOIN (SELECT session_id, count(*) AS rows FROM realtimekit.participants GROUP BY 1) AS p USING (session_id)
LEFT JOIN (SELECT session_id, count(*) AS rows FROM realtimekit.peer_events GROUP BY 1) AS e USING (session_id)
WHERE s.session_id = t.session_id AND t.read_at IS NOT NULL;

ALTER TABLE sync.endpoint_states ADD COLUMN stored_rows bigint;
COMMENT ON COLUMN sync.endpoint_states.stored_rows IS 'daywise: rows of realtimekit.daily_stats that the app had when it was last read; fewer were lost. Null where that is not known.';
UPDATE sync.endpoint_states AS t
SET stored_rows = (SELECT count(*) FROM realtimekit.daily_stats AS d WHERE d.app_id = t.app_id)
WHERE endpoint = 'daywise';

CREATE TABLE sync.checks (
    account_id text        NOT NULL PRIMARY KEY,
    checked_to uuid,
    checked_at timestamptz NOT NULL,
    round_at   timestamptz
);
COMMENT ON TABLE  sync.checks IS 'How far the runs have come that count, some sessions each, whether the rows that were stored are still there. One row an account.';
COMMENT ON COLUMN sync.checks.account_id IS 'Cloudflare account.';
COMMENT ON COLUMN sync.checks.checked_to IS 'Session up to which, in the order of their ids, this round has come; null at its start.';
COMMENT ON COLUMN sync.checks.checked_at IS 'When a run last counted, UTC.';
COMMENT ON COLUMN sync.checks.round_at IS 'When a round through all sessions last came to its end, UTC; null before the first.';

-- Redefined: the day before the horizon is no difference.
-- +rollcall define reconciliation

-- +goose Down
-- +rollcall define reconciliation
DROP TABLE sync.checks;
ALTER TABLE sync.endpoint_states DROP COLUMN stored_rows;
ALTER TABLE sync.session_states DROP COLUMN stored_participants, DROP COLUMN stored_events;
ALTER TABLE sync.meeting_states
    DROP COLUMN sessions_digest, DROP COLUMN stored_people, DROP COLUMN tried_digest;
