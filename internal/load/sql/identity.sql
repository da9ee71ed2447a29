-- $1 app. Who its people are.
SELECT coalesce(person_by = 'user_id', false), nobody_ids, machine_presets, machine_names
FROM analytics.settings WHERE app_id = $1 AND meeting_id = ''
