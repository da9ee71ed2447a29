-- +goose Up
-- Presences are written, deleted and read session by session, so a session has one row of
-- them, with an array for each column: a tenth of the WAL, and one entry of one index. The
-- table of single rows becomes a view of the same name and columns.

-- Ten million events take longer than the limit that each connection has.
SET LOCAL statement_timeout = 0;
-- Who reads goes on until the table is replaced, which takes a moment.
LOCK TABLE analytics.presences IN SHARE MODE;

CREATE TABLE analytics.session_presences (
    session_id        uuid          NOT NULL PRIMARY KEY,
    participant_ids   uuid[]        NOT NULL,
    presence_nos      integer[]     NOT NULL,
    joined_at         timestamptz[] NOT NULL,
    left_at           timestamptz[] NOT NULL,
    left_at_kinds     "char"[]      NOT NULL,
    is_by_events      boolean[]     NOT NULL,
    is_cut            boolean[]     NOT NULL,
    preset_view_types text[]        NOT NULL,
    peer_ids          text[]        NOT NULL
);
-- Where Citus has the one table, the other goes there before views come to read it.
-- +goose StatementBegin
DO $$
BEGIN
    PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
    IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
        IF EXISTS (SELECT FROM pg_catalog.pg_dist_partition WHERE logicalrelid = 'analytics.presences'::regclass) THEN
            PERFORM create_distributed_table('analytics.session_presences', 'session_id', colocate_with => 'realtimekit.sessions');
        END IF;
    END IF;
END
$$;
-- +goose StatementEnd
INSERT INTO analytics.session_presences (session_id, participant_ids, presence_nos, joined_at, left_at, left_at_kinds, is_by_events, is_cut, preset_view_types, peer_ids)
SELECT session_id, array_agg(participant_id), array_agg(presence_no), array_agg(joined_at), array_agg(left_at), array_agg(left_at_kind),
       array_agg(is_by_events), array_agg(is_cut), array_agg(preset_view_type), array_agg(peer_id)
FROM (SELECT * FROM analytics.presences ORDER BY session_id, participant_id, presence_no) AS i
GROUP BY session_id;
ANALYZE analytics.session_presences;

COMMENT ON TABLE  analytics.session_presences IS 'Presences of participants, behind the views presences and participant_intervals. One row per session that has any: the n-th elements of all arrays are one presence, in the order of participant and number. Kept by analytics.derive.';
COMMENT ON COLUMN analytics.session_presences.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.session_presences.participant_ids IS 'Participants, that is peers (devices) of people: realtimekit.participants.participant_id.';
COMMENT ON COLUMN analytics.session_presences.presence_nos IS 'Number of each presence among those of its participant, from 1.';
COMMENT ON COLUMN analytics.session_presences.joined_at IS 'Starts of the presences, UTC, inclusive.';
COMMENT ON COLUMN analytics.session_presences.left_at IS 'Ends of the presences, UTC, exclusive.';
COMMENT ON COLUMN analytics.session_presences.left_at_kinds IS 'Where each end comes from: l peer_leaving, n next_peer_joining, p participant_left_at; assumed: r removed_at, e session_ended_at, s last_seen, g last_sign.';
COMMENT ON COLUMN analytics.session_presences.is_by_events IS 'Whether each comes from peer events, not from the participant row.';
COMMENT ON COLUMN analytics.session_presences.is_cut IS 'Whether one of its times lay too far out and was cut.';
COMMENT ON COLUMN analytics.session_presences.preset_view_types IS 'GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT; null where no event says.';
COMMENT ON COLUMN analytics.session_presences.peer_ids IS 'Peer whose events each comes from; null where that is the participant itself. Personal data.';

ALTER TABLE analytics.presences RENAME TO presences_before;
-- +rollcall define presences
-- +rollcall define derive
-- +rollcall define ids_of_nobody
-- +rollcall define participant_intervals
-- +rollcall define presence_by_day
-- +rollcall define no_shows

-- Views of others, which read the table, and whoever may read it.
-- +goose StatementBegin
DO $$
DECLARE
    target record;
BEGIN
    FOR target IN
        SELECT DISTINCT c.oid::regclass AS name, coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '') AS options, pg_get_viewdef(c.oid) AS body
        FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid JOIN pg_class AS c ON c.oid = r.ev_class
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = 'analytics.presences_before'::regclass AND c.relkind = 'v'
    LOOP
        EXECUTE format('CREATE OR REPLACE VIEW %s%s AS %s', target.name, target.options, replace(target.body, 'presences_before', 'presences'));
    END LOOP;
    FOR target IN
        SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS name
        FROM pg_class AS c, aclexplode(c.relacl) AS a
        WHERE c.oid = 'analytics.presences_before'::regclass AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('GRANT SELECT ON analytics.presences TO %s', target.name);
    END LOOP;
    -- Who fills the warehouse goes on without another call of rollcall loader.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollcall_loader') AND has_table_privilege('rollcall_loader', 'analytics.presences_before', 'INSERT') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.session_presences TO rollcall_loader;
    END IF;
END
$$;
-- +goose StatementEnd

DROP TABLE analytics.presences_before;
DELETE FROM sync.distributed_tables WHERE table_name = 'analytics.presences';

-- +goose Down
SET LOCAL statement_timeout = 0;
LOCK TABLE analytics.session_presences IN SHARE MODE;
ALTER VIEW analytics.presences RENAME TO presences_after;
CREATE TABLE analytics.presences (
    session_id       uuid        NOT NULL,
    participant_id   uuid        NOT NULL,
    joined_at        timestamptz NOT NULL,
    left_at          timestamptz NOT NULL,
    presence_no      integer     NOT NULL,
    left_at_kind     "char"      NOT NULL,
    is_by_events     boolean     NOT NULL,
    is_cut           boolean     NOT NULL,
    preset_view_type text,
    peer_id          text,
    PRIMARY KEY (session_id, participant_id, presence_no)
);
-- Where Citus has the one table, the other goes there before views come to read it.
-- +goose StatementBegin
DO $$
BEGIN
    PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
    IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
        IF EXISTS (SELECT FROM pg_catalog.pg_dist_partition WHERE logicalrelid = 'analytics.session_presences'::regclass) THEN
            PERFORM create_distributed_table('analytics.presences', 'session_id', colocate_with => 'realtimekit.sessions');
        END IF;
    END IF;
END
$$;
-- +goose StatementEnd
INSERT INTO analytics.presences SELECT * FROM analytics.presences_after;
ANALYZE analytics.presences;

COMMENT ON TABLE  analytics.presences IS 'Presences of participants, behind the view participant_intervals. One row per presence. Kept by analytics.derive.';
COMMENT ON COLUMN analytics.presences.session_id IS 'Session: realtimekit.sessions.session_id.';
COMMENT ON COLUMN analytics.presences.participant_id IS 'Participant, that is one peer (device) of a person: realtimekit.participants.participant_id.';
COMMENT ON COLUMN analytics.presences.joined_at IS 'Start of the presence, UTC, inclusive.';
COMMENT ON COLUMN analytics.presences.left_at IS 'End of the presence, UTC, exclusive.';
COMMENT ON COLUMN analytics.presences.presence_no IS 'Number of the presence among those of its participant, from 1.';
COMMENT ON COLUMN analytics.presences.left_at_kind IS 'Where the end comes from: l peer_leaving, n next_peer_joining, p participant_left_at; assumed: r removed_at, e session_ended_at, s last_seen, g last_sign.';
COMMENT ON COLUMN analytics.presences.is_by_events IS 'Whether it comes from peer events, not from the participant row.';
COMMENT ON COLUMN analytics.presences.is_cut IS 'Whether one of its times lay too far out and was cut.';
COMMENT ON COLUMN analytics.presences.preset_view_type IS 'GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM or CHAT; null where no event says.';
COMMENT ON COLUMN analytics.presences.peer_id IS 'Peer whose events it comes from; null where that is the participant itself. Personal data.';

-- +rollcall define no_shows
-- +rollcall define presence_by_day
-- +rollcall define participant_intervals
-- +rollcall define ids_of_nobody
-- +rollcall define derive

-- +goose StatementBegin
DO $$
DECLARE
    target record;
BEGIN
    FOR target IN
        SELECT DISTINCT c.oid::regclass AS name, coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '') AS options, pg_get_viewdef(c.oid) AS body
        FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid JOIN pg_class AS c ON c.oid = r.ev_class
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = 'analytics.presences_after'::regclass
          AND c.relkind = 'v' AND c.oid <> d.refobjid -- whose own rule it is
    LOOP
        EXECUTE format('CREATE OR REPLACE VIEW %s%s AS %s', target.name, target.options, replace(target.body, 'presences_after', 'presences'));
    END LOOP;
    FOR target IN
        SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS name
        FROM pg_class AS c, aclexplode(c.relacl) AS a
        WHERE c.oid = 'analytics.presences_after'::regclass AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('GRANT SELECT ON analytics.presences TO %s', target.name);
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rollcall_loader') AND has_table_privilege('rollcall_loader', 'analytics.session_presences', 'INSERT') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON analytics.presences TO rollcall_loader;
    END IF;
END
$$;
-- +goose StatementEnd

-- By other names, since nothing of others goes with them.
DROP VIEW analytics.presences_after;
ALTER TABLE analytics.session_presences RENAME TO session_presences_after;
DROP TABLE analytics.session_presences_after;
DELETE FROM sync.distributed_tables WHERE table_name = 'analytics.session_presences';
