-- $1 session, $2 participants, $3 their updated_at: those that are not stored or
-- marked as removed, and those that are stored with another updated_at.
SELECT a.participant_id, p.participant_id IS NULL
FROM unnest($2::uuid[], $3::timestamptz[]) AS a (participant_id, updated_at)
LEFT JOIN realtimekit.participants AS p
  ON p.session_id = $1 AND p.participant_id = a.participant_id AND p.removed_at IS NULL
WHERE p.participant_id IS NULL OR p.updated_at IS DISTINCT FROM a.updated_at
