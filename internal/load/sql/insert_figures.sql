-- $1 session, $2 to $10 its own columns, then its figures in the order of the table. For a
-- session that has ended, none of whose participants is marked as removed.
INSERT INTO analytics.session_figures (
    session_id, app_id, meeting_id, meeting_title, session_type, status, starts_at, ends_at, ends_at_source, vendor_peak, vendor_minutes,
    unique_people, participants, peak_people, peak_participants, person_seconds, participant_seconds, average_share, rejoins,
    first_join_at, last_leave_at, open_presences, removed_participants, presences, cut_presences, assumed_leavings, lone_joinings, lone_leavings,
    repaired_records, inverted_participants, unlisted_participants, timeless_records, step_at, step_people, step_participants,
    days, day_people, day_us, preset_days, preset_names, preset_view_types, preset_people, preset_person_us, preset_participants, preset_participant_us,
    derived_at, shared_ids, time_zone, peak_with_machines)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'session_ended_at', $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, 0, $22, $23, $24, $25, $26,
    $27, $28, 0, $29, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, now(), $30, $44, $45)
