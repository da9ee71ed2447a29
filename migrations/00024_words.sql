-- +goose Up
-- Comments of tables and views in plain words. And no_shows goes by who was inside during
-- a lesson of the timetable, as register does, where a session lasts over several.

COMMENT ON TABLE analytics.deleted_recordings IS 'Sums of recordings and livestreams that rollcall retention deleted, so that the cost of a day stays what it was. One row per app, day, time zone, kind and view type.';
COMMENT ON TABLE analytics.presences IS 'Presences of participants, behind the view participant_intervals. One row per presence. Kept by analytics.derive.';
COMMENT ON TABLE analytics.prices IS 'Your prices by minute, edited by you; empty as shipped. Among the prices of a kind of usage the most specific row counts: app before preset before view type; among equals, the newest that is valid on the day.';
COMMENT ON COLUMN analytics.prices.usage_kind IS 'Kind of usage: participant (unless you say otherwise), recording, track_recording (one file per peer) or livestream (minutes taken in).';
COMMENT ON TABLE analytics.session_dates IS 'What each session adds to the usage of a day, as it is counted there. One row per session and day. Kept by analytics.refresh. Sessions that rollcall retention deleted stay here, and their days are kept as they were.';
COMMENT ON TABLE analytics.session_figures IS 'What is derived of a session when it is stored: bounds, sums and curve, behind session_bounds, session_summary, session_concurrency and data_quality. One row per session. Kept by analytics.derive.';
COMMENT ON TABLE analytics.session_people IS 'People of sessions with their merged presences, behind person_attendance, person_presence, rejoins and person_overlap. One row per session and person. Kept by analytics.derive.';
COMMENT ON TABLE analytics.session_person_days IS 'Presences of people that fall on several days of the app or presets, by both. One row per session, person, day and preset. Kept by analytics.derive.';
COMMENT ON TABLE analytics.shared_person_days IS 'People in several sessions of a day, and by how much the sums over those sessions count them too often. One row per app, day and person. Kept by analytics.refresh.';
COMMENT ON TABLE analytics.stale_people IS 'People whom a session has no longer, or under another custom id, but who are still counted in the usage by day. One row per session and person; gone with the next analytics.refresh.';
COMMENT ON TABLE analytics.stale_sessions IS 'Sessions whose days analytics.refresh has to compute anew. One row per change; gone when done.';
COMMENT ON TABLE analytics.usage_curves IS 'Curve of how many were inside an app on a day, as a tree of day, hours, minutes and seconds, as deep as it has steps: behind the peaks of daily_usage. One row per node. Kept by analytics.refresh.';
COMMENT ON TABLE analytics.usage_ids IS 'Custom ids that were inside on a day, each once. One row per app, day and id. Kept by analytics.refresh; gone for days of which rollcall retention deleted a session.';
COMMENT ON TABLE realtimekit.apps IS 'RealtimeKit apps: isolated workspaces of an account, such as staging and production. One row per app. Source: GET /apps.';
COMMENT ON TABLE realtimekit.daily_stats IS 'The vendor''s own counts of each day, to compare with what was copied (analytics.reconciliation). One row per app and day; days without data are not in the answer. Source: GET /{app_id}/analytics/daywise.';
COMMENT ON TABLE realtimekit.livestream_sessions IS 'Times in which a session was streamed, read with --with recordings. One row per session and run of a livestream. Stream keys and addresses are never stored. Source: GET /{app_id}/sessions/{session_id}/livestream-sessions.';
COMMENT ON TABLE realtimekit.meeting_participants IS 'People enrolled in a meeting, whether or not they ever came: the base of no-shows. One row per person and meeting. Read when a meeting has a new session or one that ended. Source: GET /{app_id}/meetings/{meeting_id}/participants.';
COMMENT ON TABLE realtimekit.meetings IS 'Meetings: reusable rooms, of which sessions are the live runs. One row per meeting that had a session. The columns from configured_title on come from the meeting''s own record and are null until that was read. Its storage and recording settings are never stored. Source: sessions; GET /{app_id}/meetings.';
COMMENT ON TABLE realtimekit.participants IS 'Participants of sessions, one row per peer: a person with two devices has two rows with the same user_id, whose times overlap. Source: GET /{app_id}/sessions/{session_id}/participants, view=raw.';
COMMENT ON TABLE realtimekit.peer_events IS 'Steps of a participant''s connection: created, joining, leaving. One row per event of a participant; event ids repeat across participants. No run deletes any, though the vendor may stop serving old ones; rollcall erase and retention do.';
COMMENT ON TABLE realtimekit.peer_reports IS 'Call statistics of each peer, read with --with peer-reports. One row per peer. The vendor keeps them for six months. Numbers are as the API gives them; the vendor documents no unit for loss, round-trip time, jitter and delay. Source: GET /{app_id}/sessions/peer-report/{peer_id}.';
COMMENT ON TABLE realtimekit.recordings IS 'Recordings of sessions, read with --with recordings. One row per recording. Addresses, file names and the configuration of the storage are never stored. Rows stay when the vendor lists a recording no more. Source: GET /{app_id}/recordings.';
COMMENT ON TABLE realtimekit.sessions IS 'Sessions: one live run of a meeting, from the first participant joining until shortly after the last leaves. One row per session. Source: GET /{app_id}/sessions.';
COMMENT ON TABLE sync.backfills IS 'Backfills that have not come to their end: the same command goes on from the checkpoint. One row per app and range; gone when the range is done in all apps.';
COMMENT ON TABLE sync.checks IS 'How far the runs have come that count, some sessions each, whether the rows that were stored are still there. One row per account.';
COMMENT ON TABLE sync.endpoint_states IS 'How the optional reads went: enrolment, daywise, peer-reports, recordings and livestreams. One row per app and read.';
COMMENT ON TABLE sync.erasures IS 'What each rollcall erase did, without saying to whom. One row per call that changed something.';
COMMENT ON TABLE sync.livestream_states IS 'Sessions whose livestream was asked for. One row per session.';
COMMENT ON TABLE sync.meeting_states IS 'What was seen of each meeting''s enrolment when it was last read. It is read again when the meeting has a new session, or one that ended since. One row per meeting.';
COMMENT ON COLUMN sync.meeting_states.not_found IS 'How often in a row the API answered that it does not know the meeting (404), up to the last attempt.';
COMMENT ON COLUMN sync.meeting_states.sessions_ended IS 'How many of these sessions had ended.';
COMMENT ON COLUMN sync.meeting_states.tried_ended IS 'How many of these sessions had ended.';
COMMENT ON TABLE sync.peer_report_states IS 'Peers whose report was asked for. A peer whose report is stored is never asked again. One row per peer.';
COMMENT ON COLUMN sync.peer_report_states.outcome IS 'stored; none: the API has no report, or no more (asked once again a day after the session ended); rejected: what came could not be used and was set aside; failed. A later run asks again after the last two, five times at most.';
COMMENT ON COLUMN sync.privacy.generation IS 'Counts the changes of this row and of sync.suppressions. A process stores personal data only if nothing has changed since it looked.';
COMMENT ON TABLE sync.rejected_records IS 'Records of the API that could not be stored, with their raw text. One row per record, however often it was seen.';
COMMENT ON COLUMN sync.rejected_records.entity IS 'app, session, participant, peer_event, meeting, meeting_participant, daily_stats, peer_report, recording or livestream_session. For the last six, raw_text is what is left after everything that may hold a secret was taken out.';
COMMENT ON TABLE sync.request_budgets IS 'What the processes that use the same API token know together of its quota, so that they share it. One row per token. Unlogged: a crash of Postgres empties it, and the next answer of the API tells anew.';
COMMENT ON TABLE sync.retention_horizons IS 'Up to when the history of an account was deleted by rollcall retention. One row per account.';
COMMENT ON TABLE sync.runs IS 'One row per run of Rollcall. The counts of a run that was cut off are filled in by the next one.';
COMMENT ON COLUMN sync.runs.sessions_complete IS 'How many of these sessions are complete.';
COMMENT ON COLUMN sync.runs.sessions_incomplete IS 'How many of these sessions have ended and are not complete; the reason is in sync.session_states.';
COMMENT ON TABLE sync.session_jobs IS 'Sessions that rollcall work is to read: one row per session, with one job of the queue, for as long as there is something to wait for.';
COMMENT ON TABLE sync.session_states IS 'What was seen of each session when it was last read, and whether it must be read again. One row per session.';
COMMENT ON COLUMN sync.session_states.erased_participants IS 'How many of distinct_participants are not stored because the person was erased.';
COMMENT ON COLUMN sync.session_states.not_found IS 'How often in a row the API answered that it does not know the session (404), up to the last attempt.';
COMMENT ON TABLE sync.suppressions IS 'Identifiers of erased people, hashed, so that no later reading brings them back. One row per identifier.';
COMMENT ON TABLE sync.verifications IS 'Verifications that have not come to their end: the same command goes on from the checkpoint. One row per app and range; gone when the range is done in all apps.';
COMMENT ON TABLE sync.webhook_events IS 'What webhooks told of a session: one row per name of an event. Neither their bodies nor anything of a person is kept. Rows go 30 days after the last such event.';

-- +rollcall define call_quality
-- +rollcall define join_latency
-- +rollcall define no_shows
-- +rollcall define people
-- +rollcall define person_attendance
-- +rollcall define person_overlap
-- +rollcall define person_presence
-- +rollcall define reconciliation
-- +rollcall define rejoins
-- +rollcall define sync_freshness

-- +goose Down
COMMENT ON TABLE analytics.deleted_recordings IS 'Sums of recordings and livestreams that rollcall retention deleted, so that the cost of a day stays what it was. One row an app, day, time zone, kind and view type.';
COMMENT ON TABLE analytics.presences IS 'Presences of participants, behind the view participant_intervals. One row a presence. Kept by analytics.derive.';
COMMENT ON TABLE analytics.prices IS 'Your prices by minute, edited by you; empty as shipped. Of those of the kind of usage the most specific row counts: app before preset before view type; of those the newest that is valid on the day.';
COMMENT ON COLUMN analytics.prices.usage_kind IS 'What the minutes are of: participant (unless you say otherwise), recording, track_recording (one file per peer) or livestream (minutes taken in).';
COMMENT ON TABLE analytics.session_dates IS 'What each session adds to the usage of a day, as it is counted there. One row a session and day. Kept by analytics.refresh. Sessions that rollcall retention deleted stay here, and their days are kept as they were.';
COMMENT ON TABLE analytics.session_figures IS 'What is derived of a session when it is stored: bounds, sums and curve, behind session_bounds, session_summary, session_concurrency and data_quality. One row a session. Kept by analytics.derive.';
COMMENT ON TABLE analytics.session_people IS 'People of sessions with their merged presences, behind person_attendance, person_presence, rejoins and person_overlap. One row a session and person. Kept by analytics.derive.';
COMMENT ON TABLE analytics.session_person_days IS 'Presences of people that fall on several days of the app or presets, by both. One row a session, person, day and preset. Kept by analytics.derive.';
COMMENT ON TABLE analytics.shared_person_days IS 'People in several sessions of a day, and by how much the sums over those sessions count them too often. One row an app, day and person. Kept by analytics.refresh.';
COMMENT ON TABLE analytics.stale_people IS 'People whom a session has no longer, or under another custom id, but who are still counted in the usage by day. One row a session and person; gone with the next analytics.refresh.';
COMMENT ON TABLE analytics.stale_sessions IS 'Sessions whose days analytics.refresh has to compute anew. One row a change; gone when done.';
COMMENT ON TABLE analytics.usage_curves IS 'Curve of how many were inside an app on a day, as a tree of day, hours, minutes and seconds, as deep as it has steps: behind the peaks of daily_usage. One row a node. Kept by analytics.refresh.';
COMMENT ON TABLE analytics.usage_ids IS 'Custom ids that were inside on a day, each once. One row an app, day and id. Kept by analytics.refresh; gone for days of which rollcall retention deleted a session.';
COMMENT ON TABLE realtimekit.apps IS 'RealtimeKit apps: isolated workspaces of an account, such as staging and production. One row an app. Source: GET /apps.';
COMMENT ON TABLE realtimekit.daily_stats IS 'The vendor''s own counts of each day, to compare with what was copied (analytics.reconciliation). One row an app and day; days without data are not in the answer. Source: GET /{app_id}/analytics/daywise.';
COMMENT ON TABLE realtimekit.livestream_sessions IS 'Times in which a session was streamed, read with --with recordings. One row a session and run of a livestream. Stream keys and addresses are never stored. Source: GET /{app_id}/sessions/{session_id}/livestream-sessions.';
COMMENT ON TABLE realtimekit.meeting_participants IS 'People enrolled in a meeting, whether or not they ever came: the base of no-shows. One row a person and meeting. Read when a meeting has a new session or one that ended. Source: GET /{app_id}/meetings/{meeting_id}/participants.';
COMMENT ON TABLE realtimekit.meetings IS 'Meetings: reusable rooms, of which sessions are the live runs. One row a meeting that had a session. The columns from configured_title on come from the meeting''s own record and are null until that was read. Its storage and recording settings are never stored. Source: sessions; GET /{app_id}/meetings.';
COMMENT ON TABLE realtimekit.participants IS 'Participants of sessions, one row a peer: a person with two devices has two rows with the same user_id, whose times overlap. Source: GET /{app_id}/sessions/{session_id}/participants, view=raw.';
COMMENT ON TABLE realtimekit.peer_events IS 'Steps of a participant''s connection: created, joining, leaving. One row an event of a participant; event ids repeat across participants. No run deletes any, though the vendor may stop serving old ones; rollcall erase and retention do.';
COMMENT ON TABLE realtimekit.peer_reports IS 'Call statistics of each peer, read with --with peer-reports. One row a peer. The vendor keeps them for six months. Numbers are as the API gives them; the vendor documents no unit for loss, round-trip time, jitter and delay. Source: GET /{app_id}/sessions/peer-report/{peer_id}.';
COMMENT ON TABLE realtimekit.recordings IS 'Recordings of sessions, read with --with recordings. One row a recording. Addresses, file names and the configuration of the storage are never stored. Rows stay when the vendor lists a recording no more. Source: GET /{app_id}/recordings.';
COMMENT ON TABLE realtimekit.sessions IS 'Sessions: one live run of a meeting, from the first participant joining until shortly after the last leaves. One row a session. Source: GET /{app_id}/sessions.';
COMMENT ON TABLE sync.backfills IS 'Backfills that have not come to their end: the same command goes on from the checkpoint. One row an app and range; gone when the range is done in all apps.';
COMMENT ON TABLE sync.checks IS 'How far the runs have come that count, some sessions each, whether the rows that were stored are still there. One row an account.';
COMMENT ON TABLE sync.endpoint_states IS 'How the optional reads went: enrolment, daywise, peer-reports, recordings and livestreams. One row an app and read.';
COMMENT ON TABLE sync.erasures IS 'What each rollcall erase did, without saying to whom. One row a call that changed something.';
COMMENT ON TABLE sync.livestream_states IS 'Sessions whose livestream was asked for. One row a session.';
COMMENT ON TABLE sync.meeting_states IS 'What was seen of each meeting''s enrolment when it was last read. It is read again when the meeting has a new session, or one that ended since. One row a meeting.';
COMMENT ON COLUMN sync.meeting_states.not_found IS 'Of the last attempts, those in a row to which the API answered that it does not know the meeting (404).';
COMMENT ON COLUMN sync.meeting_states.sessions_ended IS 'Of those, sessions that had ended.';
COMMENT ON COLUMN sync.meeting_states.tried_ended IS 'Of those, sessions that had ended.';
COMMENT ON TABLE sync.peer_report_states IS 'Peers whose report was asked for. A peer whose report is stored is never asked again. One row a peer.';
COMMENT ON COLUMN sync.peer_report_states.outcome IS 'stored; none: the API has no report, or no more (asked once again a day after the session ended); rejected: what came could not be used and was set aside; failed. Of the last two it is asked again by a later run, five times at most.';
COMMENT ON COLUMN sync.privacy.generation IS 'Counts the changes of this row and of sync.suppressions. Whoever stores personal data does so only if nothing has changed since it looked.';
COMMENT ON TABLE sync.rejected_records IS 'Records of the API that could not be stored, with their raw text. One row a record, however often it was seen.';
COMMENT ON COLUMN sync.rejected_records.entity IS 'app, session, participant, peer_event, meeting, meeting_participant, daily_stats, peer_report, recording or livestream_session. Of the last six, raw_text is what is left after everything that may hold a secret was taken out.';
COMMENT ON TABLE sync.request_budgets IS 'What the processes that use the same API token know together of its quota, so that they share it. One row a token. Unlogged: a crash of Postgres empties it, and the next answer of the API tells anew.';
COMMENT ON TABLE sync.retention_horizons IS 'Up to when the history of an account was deleted by rollcall retention. One row an account.';
COMMENT ON TABLE sync.runs IS 'One row a run of Rollcall. The counts of a run that was cut off are filled in by the next one.';
COMMENT ON COLUMN sync.runs.sessions_complete IS 'Of those, sessions that are complete.';
COMMENT ON COLUMN sync.runs.sessions_incomplete IS 'Of those, ended sessions that are not complete; the reason is in sync.session_states.';
COMMENT ON TABLE sync.session_jobs IS 'Sessions that rollcall work is to read: one row a session, with one job of the queue, for as long as there is something to wait for.';
COMMENT ON TABLE sync.session_states IS 'What was seen of each session when it was last read, and whether it must be read again. One row a session.';
COMMENT ON COLUMN sync.session_states.erased_participants IS 'Of distinct_participants, those that are not stored because the person was erased.';
COMMENT ON COLUMN sync.session_states.not_found IS 'Of the last attempts, those in a row to which the API answered that it does not know the session (404).';
COMMENT ON TABLE sync.suppressions IS 'Identifiers of erased people, hashed, so that no later reading brings them back. One row an identifier.';
COMMENT ON TABLE sync.verifications IS 'Verifications that have not come to their end: the same command goes on from the checkpoint. One row an app and range; gone when the range is done in all apps.';
COMMENT ON TABLE sync.webhook_events IS 'What webhooks told of a session: one row an event''s name. Neither their bodies nor anything of a person is kept. Rows go 30 days after the last such event.';

-- +rollcall define call_quality
-- +rollcall define join_latency
-- +rollcall define no_shows
-- +rollcall define people
-- +rollcall define person_attendance
-- +rollcall define person_overlap
-- +rollcall define person_presence
-- +rollcall define reconciliation
-- +rollcall define rejoins
-- +rollcall define sync_freshness
