-- +goose Up
-- Who is looked up by the id of the customer's system: the id alone, so that the entries of
-- one id are packed together. The time beside it was read by no question that has many ids.
-- The new index comes first: readers go on while it is made.
CREATE INDEX session_people_by_own_id ON analytics.session_people (custom_participant_id) WHERE custom_participant_id IS NOT NULL;
DROP INDEX analytics.session_people_by_custom_id;

-- Rollcall's connections compress by lz4, which is the quicker, where the server has it. The
-- few steps of one person take a third less by pglz.
ALTER TABLE analytics.shared_person_days ALTER COLUMN step_at SET COMPRESSION pglz, ALTER COLUMN step_people SET COMPRESSION pglz;

-- +goose Down
ALTER TABLE analytics.shared_person_days ALTER COLUMN step_at SET COMPRESSION default, ALTER COLUMN step_people SET COMPRESSION default;
CREATE INDEX session_people_by_custom_id ON analytics.session_people (custom_participant_id, first_join_at);
DROP INDEX analytics.session_people_by_own_id;
