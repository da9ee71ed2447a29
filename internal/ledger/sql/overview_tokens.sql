-- The shared request budgets that were used within a day, as internal/extract
-- writes them: windows in nanoseconds, and no member where there is no value. A
-- quota whose window is over is left out, since nobody knows what is left of it.
-- A token that must not be used is not used: those come first.
SELECT b.changed_at, CASE WHEN u.closed_until > now() THEN u.closed_until END,
       (SELECT jsonb_agg(jsonb_build_object('name', l.name, 'calls', coalesce((l.value ->> 'quota')::bigint, 0),
                   'window_seconds', coalesce((l.value ->> 'window')::double precision, 0) / 1e9,
                   'remaining', (l.value ->> 'remaining')::bigint, 'reset_at', l.value ->> 'reset_at') ORDER BY l.name)
        FROM jsonb_each(b.state -> 'limits') AS l (name, value)
        WHERE l.value -> 'unknown' IS DISTINCT FROM 'true' AND (l.value ->> 'reset_at')::timestamptz > now())
FROM sync.request_budgets AS b, LATERAL (SELECT (b.state ->> 'closed_until')::timestamptz AS closed_until) AS u
WHERE b.changed_at > now() - interval '1 day' OR u.closed_until > now()
ORDER BY coalesce(u.closed_until > now(), false) DESC, b.changed_at DESC
LIMIT 5
