-- $1 session, $2 run, $3 whether a later reading of the session is stored already.
-- $18 whether the reading counts also where its record is older than the stored one.
-- A stored updated_at that was still to come when it was stored makes no record newer.
-- A session ends once: what says so is newer than what says that it is live, whatever its updated_at.
UPDATE realtimekit.sessions
SET app_id = $4, meeting_id = $5, meeting_title = $6, session_type = $7, status = $8,
    live_participants = $9, max_concurrent_participants = $10, minutes_consumed = $11,
    started_at = $12, ended_at = $13, created_at = $14, updated_at = $15, extra = $16, repairs = $17,
    synced_at = now(), run_id = $2
WHERE session_id = $1
  AND ($15 > updated_at
       OR (NOT $3 AND ($18 OR $15 = updated_at OR $15 IS NULL OR updated_at IS NULL
                       OR updated_at - synced_at > interval '1 day' OR (status = 'LIVE' AND $8 = 'ENDED'))))
  AND (app_id, meeting_id, meeting_title, session_type, status, live_participants,
       max_concurrent_participants, minutes_consumed, started_at, ended_at, created_at, updated_at,
       extra, repairs)
      IS DISTINCT FROM
      ($4, $5, $6, $7, $8, $9::bigint, $10::bigint, $11::double precision, $12::timestamptz, $13::timestamptz,
       $14::timestamptz, $15::timestamptz, $16::jsonb, $17::jsonb)
