CREATE OR REPLACE FUNCTION analytics.refresh(max_sessions integer DEFAULT 500) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET jit = off
SET plan_cache_mode = force_custom_plan
-- Before the first ANALYZE a large session looks like one of a few rows, and its
-- presences and events would be joined by a loop over rows kept in memory.
SET enable_material = off
AS $$
DECLARE
    changed uuid[];
    by_hand uuid[];
    taken_id uuid;
    known_ids   uuid[];
    known_apps  text[];
    known_zones text[];
    is_citus boolean := to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL;
BEGIN
    -- Two at once would each count a day without the other's session. Whoever
    -- is at it goes on until nothing is left, so there is nothing to wait for;
    -- rollcall retention, which holds the lock while sessions go, does so at its end.
    IF NOT pg_try_advisory_xact_lock(hashtextextended('rollcall:analytics', 0)) THEN
        RETURN 0;
    END IF;

    -- Oldest sessions first, so that sessions of a day are mostly taken together.
    -- Of a session queued twice, the other row may be left to the next batch.
    WITH taken AS (
        DELETE FROM analytics.stale_sessions
        WHERE ctid = ANY (ARRAY (
            SELECT ctid FROM analytics.stale_sessions ORDER BY started_at NULLS FIRST, session_id LIMIT max_sessions))
        RETURNING session_id, is_derived
    )
    SELECT array_agg(DISTINCT session_id), array_agg(DISTINCT session_id) FILTER (WHERE NOT is_derived) INTO changed, by_hand FROM taken;
    IF changed IS NULL THEN
        RETURN 0;
    END IF;
    -- And those that were stored while the time zone of their app was changed.
    -- Read by themselves: the nodes of a cluster know no settings.
    SELECT array_agg(f.session_id), array_agg(f.app_id), array_agg(f.time_zone) INTO known_ids, known_apps, known_zones
    FROM analytics.session_figures AS f WHERE f.session_id = ANY (changed);
    by_hand := by_hand || ARRAY (
        SELECT f.session_id FROM unnest(known_ids, known_apps, known_zones) AS f (session_id, app_id, time_zone)
        WHERE f.time_zone <> analytics.zone_of(f.app_id) AND NOT f.session_id = ANY (coalesce(by_hand, '{}')));
    IF cardinality(by_hand) > 0 THEN
        IF is_citus THEN
            -- What analytics.derive sets for itself holds on the coordinator alone. A node that has
            -- no statistics yet takes a large session for a few rows, and would compute all of its
            -- presences once for each participant. In a block of its own, since Citus passes on
            -- no settings of a function that is called outside of a transaction's block.
            DO $nodes$
            BEGIN
                SET LOCAL citus.propagate_set_commands TO 'local';
                SET LOCAL enable_nestloop TO off;
                SET LOCAL enable_mergejoin TO off;
                SET LOCAL enable_material TO off;
                SET LOCAL enable_seqscan TO off;
                SET LOCAL jit TO off;
            END
            $nodes$;
        END IF;
        -- As every transaction that stores a session does, so that none is derived
        -- from rows that another is about to replace.
        FOREACH taken_id IN ARRAY by_hand LOOP -- in their order, and one by one, as a cluster can
            PERFORM 1 FROM sync.session_states WHERE session_id = taken_id FOR UPDATE;
            IF is_citus THEN
                PERFORM analytics.derive(ARRAY[taken_id]);
            END IF;
        END LOOP;
        IF is_citus THEN -- what counts days plans for itself
            DO $nodes$
            BEGIN
                SET LOCAL enable_nestloop TO DEFAULT;
                SET LOCAL enable_mergejoin TO DEFAULT;
                SET LOCAL enable_seqscan TO DEFAULT;
            END
            $nodes$;
        ELSE
            PERFORM analytics.derive(by_hand);
        END IF;
    END IF;
    PERFORM analytics.count_sessions(changed);
    RETURN cardinality(changed);
END
$$;
COMMENT ON FUNCTION analytics.refresh(integer) IS 'Brings the usage by day up to date with at most so many changed sessions, in one transaction, and gives how many it took; 0 when there is nothing to do or another is doing it. Sessions that were changed by hand are derived anew as well. A day of which rollcall retention deleted a session stays as it is. Rollcall calls it at the end of each run.';
