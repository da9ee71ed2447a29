-- $1 run, $2 app, $3 meeting, $4 the records as a JSON array. The later of two
-- copies wins; an identical row is not touched, an older copy changes nothing,
-- unless the stored updated_at was still to come when it was stored.
WITH fresh AS (
    SELECT DISTINCT ON (meeting_participant_id) *
    FROM jsonb_to_recordset($4::jsonb) AS r (
        meeting_participant_id text, custom_participant_id text, display_name text, preset_name text,
        created_at timestamptz, updated_at timestamptz, extra jsonb, repairs jsonb)
    ORDER BY meeting_participant_id, updated_at DESC NULLS LAST
), changed AS (
    UPDATE realtimekit.meeting_participants AS t
    SET custom_participant_id = s.custom_participant_id, display_name = s.display_name, preset_name = s.preset_name,
        created_at = s.created_at, updated_at = s.updated_at, extra = s.extra, repairs = s.repairs,
        last_listed_at = NULL, removed_at = NULL, synced_at = now(), run_id = $1
    FROM fresh AS s
    WHERE t.app_id = $2 AND t.meeting_id = $3 AND t.meeting_participant_id = s.meeting_participant_id
      AND ((s.updated_at >= t.updated_at) IS NOT FALSE OR t.updated_at - t.synced_at > interval '1 day')
      AND (t.removed_at IS NOT NULL
           OR (t.custom_participant_id, t.display_name, t.preset_name, t.created_at, t.updated_at, t.extra, t.repairs)
              IS DISTINCT FROM
              (s.custom_participant_id, s.display_name, s.preset_name, s.created_at, s.updated_at, s.extra, s.repairs))
    RETURNING 1
), added AS (
    INSERT INTO realtimekit.meeting_participants (
        app_id, meeting_id, meeting_participant_id, custom_participant_id, display_name, preset_name,
        created_at, updated_at, extra, repairs, first_synced_at, synced_at, run_id)
    SELECT $2, $3, s.meeting_participant_id, s.custom_participant_id, s.display_name, s.preset_name,
           s.created_at, s.updated_at, s.extra, s.repairs, now(), now(), $1
    FROM fresh AS s
    WHERE NOT EXISTS (
        SELECT 1 FROM realtimekit.meeting_participants AS t
        WHERE t.app_id = $2 AND t.meeting_id = $3 AND t.meeting_participant_id = s.meeting_participant_id)
    RETURNING 1
)
SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM changed)
