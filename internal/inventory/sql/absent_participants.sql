-- $1 session, $2 participants, $3 to $10 what the API says of them: those that are not
-- stored or marked as removed, and those that are stored with other values. Of copies in a
-- page one may be stored. A name that is stored as a hash is not compared.
SELECT a.participant_id, bool_and(p.participant_id IS NULL)
FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::double precision[],
            $7::text[], $8::text[], $9::text[], $10::text[]) WITH ORDINALITY
     AS a (participant_id, updated_at, joined_at, left_at, duration_minutes, user_id, custom_participant_id, preset_name, display_name, nr)
LEFT JOIN realtimekit.participants AS p
  ON p.session_id = $1 AND p.participant_id = a.participant_id AND p.removed_at IS NULL
GROUP BY a.participant_id
HAVING NOT bool_or(p.participant_id IS NOT NULL
    AND (p.updated_at, p.joined_at, p.left_at, p.duration_minutes, p.user_id, p.custom_participant_id, p.preset_name)
        IS NOT DISTINCT FROM
        (a.updated_at, a.joined_at, a.left_at, a.duration_minutes, a.user_id, a.custom_participant_id, a.preset_name)
    AND (p.display_name IS NOT DISTINCT FROM a.display_name OR coalesce(p.display_name ~ '^(name|erased)-[a-z2-7]{16}$', false)))
ORDER BY min(a.nr)
