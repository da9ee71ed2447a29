-- +goose Up
-- Redefined: no success lies in the future.
-- +rollcall define sync_freshness

COMMENT ON COLUMN sync.retention_horizons.horizon IS 'Sessions that ended before this time were deleted and are not read again, UTC. It moves forward only, unless a clock that was ahead has put it into the future: then the next rollcall retention sets it right.';

-- An id that is a UUID is the same in all letters, and stored in lower case from now on.
-- Accounts, apps and meetings are keys: migrate up and each run put those right, which
-- this index tells them of without a look at all meetings.
CREATE INDEX meetings_in_other_letters ON realtimekit.meetings (meeting_id) WHERE meeting_id <> lower(meeting_id);

-- +goose StatementBegin
CREATE FUNCTION pg_temp.is_in_other_letters(id text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT id <> lower(id) AND id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION pg_temp.folded(id text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN lower(id) ELSE id END
$$;
-- +goose StatementEnd

WITH people AS (
    UPDATE realtimekit.participants SET user_id = lower(user_id) WHERE pg_temp.is_in_other_letters(user_id) RETURNING session_id
), events AS (
    UPDATE realtimekit.peer_events SET peer_id = pg_temp.folded(peer_id), socket_session_id = pg_temp.folded(socket_session_id)
    WHERE pg_temp.is_in_other_letters(peer_id) OR pg_temp.is_in_other_letters(socket_session_id) RETURNING session_id
)
INSERT INTO analytics.stale_sessions (session_id, started_at)
SELECT session_id, started_at FROM realtimekit.sessions
WHERE session_id IN (SELECT session_id FROM people UNION SELECT session_id FROM events);

-- Rows that become one were not lost.
UPDATE sync.meeting_states AS t
SET stored_people = stored_people - m.twice
FROM (SELECT o.app_id, o.meeting_id, count(*) AS twice
      FROM realtimekit.meeting_participants AS o
      JOIN realtimekit.meeting_participants AS f ON (f.app_id, f.meeting_id, f.meeting_participant_id) = (o.app_id, o.meeting_id, lower(o.meeting_participant_id))
      WHERE pg_temp.is_in_other_letters(o.meeting_participant_id)
      GROUP BY 1, 2) AS m
WHERE (m.app_id, m.meeting_id) = (t.app_id, t.meeting_id);
INSERT INTO realtimekit.meeting_participants
SELECT (jsonb_populate_record(t, jsonb_build_object('meeting_participant_id', lower(meeting_participant_id)))).*
FROM realtimekit.meeting_participants AS t
WHERE pg_temp.is_in_other_letters(meeting_participant_id)
ON CONFLICT DO NOTHING;
DELETE FROM realtimekit.meeting_participants WHERE pg_temp.is_in_other_letters(meeting_participant_id);

-- The key of a record that was set aside is its id as it was sent, behind that of what
-- it belongs to: a slash is between them. Of one under two keys the newest stays.
-- +goose StatementBegin
CREATE FUNCTION pg_temp.folded_key(key text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN strpos(key, '/') > 0 THEN pg_temp.folded(split_part(key, '/', 1)) || '/' || pg_temp.folded(substr(key, strpos(key, '/') + 1))
                ELSE pg_temp.folded(key) END
$$;
-- +goose StatementEnd
DELETE FROM sync.rejected_records
WHERE rejected_id IN (
    SELECT rejected_id
    FROM (SELECT rejected_id, row_number() OVER (PARTITION BY entity, app_id, session_id, pg_temp.folded_key(record_key) ORDER BY last_seen_at DESC, rejected_id) AS n
          FROM sync.rejected_records) AS k
    WHERE n > 1);
UPDATE sync.rejected_records SET record_key = pg_temp.folded_key(record_key) WHERE record_key <> pg_temp.folded_key(record_key);

DROP FUNCTION pg_temp.folded_key, pg_temp.folded, pg_temp.is_in_other_letters;

-- +goose Down
DROP INDEX realtimekit.meetings_in_other_letters;
COMMENT ON COLUMN sync.retention_horizons.horizon IS 'Sessions that ended before this time were deleted and are not read again, UTC; it never moves back.';
-- +rollcall define sync_freshness
