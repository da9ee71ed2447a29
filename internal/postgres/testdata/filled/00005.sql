INSERT INTO sync.erasures (erased_at, mode, identifiers, participants, peer_events, peer_reports, peer_report_states,
    meeting_participants, rejected_records, masked_texts, program_version)
VALUES (now(), 'remove', 1, 0, 0, 0, 0, 0, 0, 0, '1');
INSERT INTO sync.suppressions VALUES ('\x00', '', 'user_id', 'remove', 1);
INSERT INTO sync.retention_horizons VALUES ('account', '2020-01-01Z', now());
