-- +goose Up
-- An erasure counts the excuses that it removes, and a lesson or an excuse that moves to
-- another app is looked at again.
ALTER TABLE sync.erasures ADD COLUMN excuses bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN sync.erasures.excuses IS 'Rows of analytics.excuses that were removed.';

-- +rollcall define check_excuse
DROP TRIGGER check_timetable ON analytics.timetable;
DROP TRIGGER check_excuse ON analytics.excuses;
CREATE TRIGGER check_timetable AFTER INSERT OR UPDATE OF app_id, meeting_id, starts_at, ends_at ON analytics.timetable FOR EACH ROW EXECUTE FUNCTION analytics.check_timetable();
CREATE TRIGGER check_excuse AFTER INSERT OR UPDATE OF app_id, person_id ON analytics.excuses FOR EACH ROW EXECUTE FUNCTION analytics.check_excuse();

-- +goose Down
DROP TRIGGER check_timetable ON analytics.timetable;
DROP TRIGGER check_excuse ON analytics.excuses;
CREATE TRIGGER check_timetable AFTER INSERT OR UPDATE OF meeting_id, starts_at, ends_at ON analytics.timetable FOR EACH ROW EXECUTE FUNCTION analytics.check_timetable();
CREATE TRIGGER check_excuse AFTER INSERT OR UPDATE OF person_id ON analytics.excuses FOR EACH ROW EXECUTE FUNCTION analytics.check_excuse();
-- +rollcall define check_excuse
ALTER TABLE sync.erasures DROP COLUMN excuses;
