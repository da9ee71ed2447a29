-- +goose Up
-- A publication FOR ALL TABLES, as change capture and blue/green upgrades make one, has
-- the server refuse updates and deletes on a table that cannot say which row changed.
-- The key of both tables may be null, so that the whole row is the identity, unless
-- an earlier migration gave it a primary key.
-- +goose StatementBegin
DO $$
DECLARE
    target regclass;
BEGIN
    FOREACH target IN ARRAY ARRAY['analytics.usage_preset_days', 'analytics.stale_sessions']::regclass[] LOOP
        IF NOT EXISTS (SELECT FROM pg_index WHERE indrelid = target AND indisprimary) THEN
            EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', target);
        END IF;
    END LOOP;
END
$$;
-- +goose StatementEnd

-- +goose Down
ALTER TABLE analytics.usage_preset_days REPLICA IDENTITY DEFAULT;
ALTER TABLE analytics.stale_sessions REPLICA IDENTITY DEFAULT;
