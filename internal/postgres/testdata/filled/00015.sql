INSERT INTO sync.webhook_events (session_id, event_name, app_id, webhook_id, digest)
VALUES ('00000000-0000-4000-8000-000000000001', 'meeting.ended', 'app', NULL, '\x00');
INSERT INTO sync.session_jobs (session_id, account_id, app_id, due_at) VALUES ('00000000-0000-4000-8000-000000000001', 'account', 'app', now());
INSERT INTO sync.app_webhooks (app_id) VALUES ('app');
