-- Settings of the app: its sessions wait to be derived anew by them.
INSERT INTO analytics.settings (app_id, person_by, nobody_ids) SELECT min(app_id), 'user_id', '{nobody}' FROM realtimekit.apps;
