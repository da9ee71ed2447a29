-- +goose Up
CREATE TABLE sync.privacy (
    is_only             boolean     NOT NULL DEFAULT true PRIMARY KEY CHECK (is_only),
    generation          bigint      NOT NULL DEFAULT 0,
    key_check           bytea,
    names_pseudonymised boolean     NOT NULL DEFAULT false,
    changed_at          timestamptz NOT NULL DEFAULT now()
);
INSERT INTO sync.privacy DEFAULT VALUES;
COMMENT ON TABLE  sync.privacy IS 'How personal data is treated in this warehouse. One row.';
COMMENT ON COLUMN sync.privacy.is_only IS 'Always true: keeps the table at one row.';
COMMENT ON COLUMN sync.privacy.generation IS 'Counts the changes of this row and of sync.suppressions. Whoever stores personal data does so only if nothing has changed since it looked.';
COMMENT ON COLUMN sync.privacy.key_check IS 'Tells whether a privacy key is the one that was used before; the key cannot be had from it. Null before the first use.';
COMMENT ON COLUMN sync.privacy.names_pseudonymised IS 'Whether display names are stored as keyed hashes (ROLLCALL_PSEUDONYMISE=names).';
COMMENT ON COLUMN sync.privacy.changed_at IS 'When the generation last changed, UTC.';

CREATE TABLE sync.erasures (
    erasure_id           bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    erased_at            timestamptz NOT NULL,
    mode                 text        NOT NULL CHECK (mode IN ('remove', 'pseudonymise')),
    app_id               text,
    identifiers          bigint      NOT NULL,
    participants         bigint      NOT NULL,
    peer_events          bigint      NOT NULL,
    peer_reports         bigint      NOT NULL,
    peer_report_states   bigint      NOT NULL,
    meeting_participants bigint      NOT NULL,
    rejected_records     bigint      NOT NULL,
    masked_texts         bigint      NOT NULL,
    program_version      text        NOT NULL
);
COMMENT ON TABLE  sync.erasures IS 'What each rollcall erase did, without saying to whom. One row a call that changed something.';
COMMENT ON COLUMN sync.erasures.erasure_id IS 'Number of the erasure.';
COMMENT ON COLUMN sync.erasures.erased_at IS 'When it was done, UTC.';
COMMENT ON COLUMN sync.erasures.mode IS 'remove, or pseudonymise: rows stay without anything that says whose they are.';
COMMENT ON COLUMN sync.erasures.app_id IS 'The only app that it concerned; null for all.';
COMMENT ON COLUMN sync.erasures.identifiers IS 'Identifiers that were put on the list: those given and those found with them.';
COMMENT ON COLUMN sync.erasures.participants IS 'Rows of realtimekit.participants that were removed or pseudonymised.';
COMMENT ON COLUMN sync.erasures.peer_events IS 'Rows of realtimekit.peer_events, the same.';
COMMENT ON COLUMN sync.erasures.peer_reports IS 'Rows of realtimekit.peer_reports that were removed.';
COMMENT ON COLUMN sync.erasures.peer_report_states IS 'Rows of sync.peer_report_states that were removed.';
COMMENT ON COLUMN sync.erasures.meeting_participants IS 'Rows of realtimekit.meeting_participants that were removed or pseudonymised.';
COMMENT ON COLUMN sync.erasures.rejected_records IS 'Rows of sync.rejected_records that were removed.';
COMMENT ON COLUMN sync.erasures.masked_texts IS 'Other values (messages, unknown fields, raw text) in which an identifier was replaced by [erased].';
COMMENT ON COLUMN sync.erasures.program_version IS 'Version of Rollcall.';

CREATE TABLE sync.suppressions (
    identifier_hash bytea  NOT NULL,
    app_id          text   NOT NULL DEFAULT '',
    identifier_kind text   NOT NULL CHECK (identifier_kind IN ('user_id', 'custom_participant_id', 'participant_id')),
    mode            text   NOT NULL CHECK (mode IN ('remove', 'pseudonymise')),
    erasure_id      bigint NOT NULL REFERENCES sync.erasures (erasure_id),
    PRIMARY KEY (identifier_hash, app_id)
);
CREATE INDEX suppressions_by_erasure ON sync.suppressions (erasure_id);
COMMENT ON TABLE  sync.suppressions IS 'Identifiers of erased people, hashed, so that no later reading brings them back. One row an identifier.';
COMMENT ON COLUMN sync.suppressions.identifier_hash IS 'HMAC-SHA256 of kind and identifier under the privacy key, which is not in the database.';
COMMENT ON COLUMN sync.suppressions.app_id IS 'The only app in which it counts; empty for all.';
COMMENT ON COLUMN sync.suppressions.identifier_kind IS 'user_id (also meeting_participant_id), custom_participant_id or participant_id (also peer_id).';
COMMENT ON COLUMN sync.suppressions.mode IS 'remove: records of it are not stored. pseudonymise: they are, under keyed hashes.';
COMMENT ON COLUMN sync.suppressions.erasure_id IS 'Erasure that put it on the list: sync.erasures.erasure_id.';

CREATE TABLE sync.retention_horizons (
    account_id text        NOT NULL PRIMARY KEY,
    horizon    timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
COMMENT ON TABLE  sync.retention_horizons IS 'Up to when the history of an account was deleted by rollcall retention. One row an account.';
COMMENT ON COLUMN sync.retention_horizons.account_id IS 'Cloudflare account.';
COMMENT ON COLUMN sync.retention_horizons.horizon IS 'Sessions that ended before this time were deleted and are not read again, UTC; it never moves back.';
COMMENT ON COLUMN sync.retention_horizons.changed_at IS 'When it was last moved, UTC.';

COMMENT ON COLUMN sync.session_states.distinct_participants IS 'Different participants that the last reading found, those set aside and those of erased people included.';

COMMENT ON TABLE  realtimekit.peer_events IS 'Steps of a participant''s connection: created, joining, leaving. One row an event of a participant; event ids repeat across participants. No run deletes any, though the vendor may stop serving old ones; rollcall erase and retention do.';
COMMENT ON COLUMN realtimekit.participants.participant_id IS 'Id of the peer within the session; personal data, and a made-up UUID where the person was pseudonymised. API: id.';
COMMENT ON COLUMN realtimekit.participants.user_id IS 'Permanent id of the person as enrolled in the meeting; personal data. API: user_id.';
COMMENT ON COLUMN realtimekit.participants.custom_participant_id IS 'The id that your own system gave the person; personal data, sometimes an e-mail address. API: custom_participant_id.';
COMMENT ON COLUMN realtimekit.participants.display_name IS 'Name shown in the session; personal data. A keyed hash (name-…) where names are pseudonymised, erased-… where the person was. API: display_name.';
COMMENT ON COLUMN realtimekit.participants.extra IS 'Fields of the API that Rollcall does not know, as a JSON object; may hold personal data. Null where there are none.';
COMMENT ON COLUMN realtimekit.participants.repairs IS 'Column name to the raw text of each value that was mended; may hold personal data. Null where none was.';
COMMENT ON COLUMN realtimekit.peer_events.peer_id IS 'Peer of the event; may differ from the participant''s id, after a reconnect for instance; personal data. API: peer_id.';
COMMENT ON COLUMN realtimekit.peer_events.socket_session_id IS 'Id of the socket session; personal data, since it belongs to one person. API: socket_session_id.';
COMMENT ON COLUMN realtimekit.meeting_participants.meeting_participant_id IS 'Id of the enrolment; as far as the vendor''s documents tell, the user_id of realtimekit.participants; personal data. API: id.';
COMMENT ON COLUMN realtimekit.meeting_participants.custom_participant_id IS 'The customer''s own id of the person; personal data, sometimes an e-mail address. API: custom_participant_id.';
COMMENT ON COLUMN realtimekit.meeting_participants.display_name IS 'Name of the person; personal data. A keyed hash (name-…) where names are pseudonymised, erased-… where the person was. API: name.';

-- +goose Down
COMMENT ON TABLE  realtimekit.peer_events IS 'Steps of a participant''s connection: created, joining, leaving. One row an event of a participant; event ids repeat across participants. Never deleted, though the vendor may stop serving old ones.';
COMMENT ON COLUMN realtimekit.meeting_participants.display_name IS 'Name of the person. API: name.';
COMMENT ON COLUMN realtimekit.meeting_participants.custom_participant_id IS 'The customer''s own id of the person; may be personal data. API: custom_participant_id.';
COMMENT ON COLUMN realtimekit.meeting_participants.meeting_participant_id IS 'Id of the enrolment; as far as the vendor''s documents tell, the user_id of realtimekit.participants. API: id.';
COMMENT ON COLUMN realtimekit.peer_events.socket_session_id IS 'Id of the socket session. API: socket_session_id.';
COMMENT ON COLUMN realtimekit.peer_events.peer_id IS 'Peer of the event; may differ from the participant''s id, after a reconnect for instance. API: peer_id.';
COMMENT ON COLUMN realtimekit.participants.repairs IS 'Column name to the raw text of each value that was mended; null where none was.';
COMMENT ON COLUMN realtimekit.participants.extra IS 'Fields of the API that Rollcall does not know, as a JSON object; null where there are none.';
COMMENT ON COLUMN realtimekit.participants.display_name IS 'Name shown in the session; personal data. API: display_name.';
COMMENT ON COLUMN realtimekit.participants.custom_participant_id IS 'The id that your own system gave the person; may be personal data. API: custom_participant_id.';
COMMENT ON COLUMN realtimekit.participants.user_id IS 'Permanent id of the person as enrolled in the meeting. API: user_id.';
COMMENT ON COLUMN realtimekit.participants.participant_id IS 'Id of the peer within the session. API: id.';
COMMENT ON COLUMN sync.session_states.distinct_participants IS 'Different participants that the last reading found, those set aside included.';
DROP TABLE sync.retention_horizons, sync.suppressions, sync.erasures, sync.privacy;
