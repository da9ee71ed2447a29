-- rollcall.was is an account in other letters, rollcall.folded the account that it is.
-- What the latter has stays, but for a later horizon; the rest goes on under it.
DO $$
DECLARE
    was    text := current_setting('rollcall.was');
    folded text := current_setting('rollcall.folded');
BEGIN
    UPDATE realtimekit.apps SET account_id = folded WHERE account_id = was;
    UPDATE sync.app_states SET account_id = folded WHERE account_id = was;
    UPDATE sync.runs SET account_id = folded WHERE account_id = was;
    INSERT INTO sync.backfills SELECT (jsonb_populate_record(t, jsonb_build_object('account_id', folded))).* FROM sync.backfills AS t WHERE t.account_id = was ON CONFLICT DO NOTHING;
    INSERT INTO sync.verifications SELECT (jsonb_populate_record(t, jsonb_build_object('account_id', folded))).* FROM sync.verifications AS t WHERE t.account_id = was ON CONFLICT DO NOTHING;
    INSERT INTO sync.checks SELECT (jsonb_populate_record(t, jsonb_build_object('account_id', folded))).* FROM sync.checks AS t WHERE t.account_id = was ON CONFLICT DO NOTHING;
    INSERT INTO sync.retention_horizons AS o SELECT (jsonb_populate_record(t, jsonb_build_object('account_id', folded))).* FROM sync.retention_horizons AS t WHERE t.account_id = was
    ON CONFLICT (account_id) DO UPDATE SET horizon = excluded.horizon, changed_at = excluded.changed_at WHERE o.horizon < excluded.horizon;
    INSERT INTO sync.account_zones SELECT (jsonb_populate_record(t, jsonb_build_object('account_id', folded))).* FROM sync.account_zones AS t WHERE t.account_id = was ON CONFLICT DO NOTHING;
    DELETE FROM sync.account_zones WHERE account_id = was;
    DELETE FROM sync.retention_horizons WHERE account_id = was;
    DELETE FROM sync.checks WHERE account_id = was;
    DELETE FROM sync.verifications WHERE account_id = was;
    DELETE FROM sync.backfills WHERE account_id = was;
END $$
