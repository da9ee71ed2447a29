, moved AS (
    -- Where something is missing all sessions are looked at; until then the place stays.
    INSERT INTO sync.checks (account_id, checked_to, checked_at, round_at)
    SELECT $1, CASE WHEN NOT is_end THEN session_id END, now(), CASE WHEN is_end THEN now() END
    FROM place WHERE NOT EXISTS (SELECT FROM found)
    ON CONFLICT (account_id) DO UPDATE
    SET checked_to = excluded.checked_to, checked_at = now(), round_at = coalesce(excluded.round_at, sync.checks.round_at)
)
