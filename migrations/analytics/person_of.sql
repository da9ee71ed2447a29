-- Who a person is, for every view, table and count. A plain expression, so that the
-- planner puts it in the place of the call. The settings are those of the app (a row of
-- analytics.settings); where they are null, what stands here counts. The package
-- internal/derive does the same for sessions whose rows are in hand.
CREATE OR REPLACE FUNCTION analytics.person_of(
    person_by text, nobody_ids text[], machine_presets text[], machine_names text[],
    custom_participant_id text, user_id text, participant_id uuid, preset_name text, display_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN preset_name = ANY (coalesce(machine_presets, '{recorder,bot}')) OR display_name = ANY (machine_names) THEN NULL
        WHEN person_by = 'user_id' THEN coalesce(
            CASE WHEN user_id = ANY (coalesce(nobody_ids, '{guest,recorder}')) THEN NULL ELSE user_id END,
            CASE WHEN custom_participant_id = ANY (coalesce(nobody_ids, '{guest,recorder}')) THEN NULL ELSE custom_participant_id END,
            participant_id::text)
        ELSE coalesce(
            CASE WHEN custom_participant_id = ANY (coalesce(nobody_ids, '{guest,recorder}')) THEN NULL ELSE custom_participant_id END,
            CASE WHEN user_id = ANY (coalesce(nobody_ids, '{guest,recorder}')) THEN NULL ELSE user_id END,
            participant_id::text)
    END
$$;
COMMENT ON FUNCTION analytics.person_of(text, text[], text[], text[], text, text, uuid, text, text) IS 'Who a participant is: its custom_participant_id, else its user_id, else the participant itself, or user_id first where the settings of the app say so. Ids that are nobody''s are passed over. Null for a machine, such as a recorder.';
