-- Fills a warehouse with $1 sessions of 20 people over 50 weeks, in 20 apps ("schools"),
-- each course a session a week with 22 enrolled; and with a webinar of 10,000 people
-- and a class of 25, whose session ids are those of numbers 0 and -1.
INSERT INTO realtimekit.apps (app_id, account_id, first_synced_at, synced_at, run_id)
SELECT 'school ' || n, 'account', now(), now(), 1 FROM generate_series(0, 19) AS n WHERE $1::integer > 0;

INSERT INTO realtimekit.meetings (app_id, meeting_id, first_synced_at, synced_at, run_id)
SELECT 'school ' || (c + 20) % 20, 'course ' || c, now(), now(), 1 FROM generate_series(-2, $1::integer / 50) AS c WHERE c <> -1;

INSERT INTO realtimekit.meeting_participants (app_id, meeting_id, meeting_participant_id, custom_participant_id, created_at, last_listed_at, first_synced_at, synced_at, run_id)
SELECT 'school ' || (c + 20) % 20, 'course ' || c, 'u' || c || '-' || i, CASE i WHEN 0 THEN 'teacher ' || c / 4 ELSE 'pupil ' || c / 20 || '-' || (c * 7 + i) % 200 END,
       timestamptz '2025-08-01Z', timestamptz '2027-01-01Z', now(), now(), 1
FROM generate_series(0, $1::integer / 50) AS c, generate_series(0, 21) AS i;

INSERT INTO realtimekit.sessions (session_id, app_id, meeting_id, status, started_at, ended_at, created_at, minutes_consumed, max_concurrent_participants, first_synced_at, synced_at, run_id)
SELECT md5(n::text)::uuid, 'school ' || (c + 20) % 20, 'course ' || c, 'ENDED', t, t + interval '50 minutes', t, 20 * 40, 20, now(), now(), 1
FROM generate_series(-1, $1::integer) AS n
CROSS JOIN LATERAL (SELECT CASE WHEN n > 0 THEN n / 50 ELSE -2 END AS c) AS c
CROSS JOIN LATERAL (SELECT timestamptz '2025-09-01T06:00Z' + (n + 50) % 50 * interval '7 days' + c % 5 * interval '1 day' + (c * 37 + 74) % 600 * interval '1 minute' AS t) AS t;

INSERT INTO sync.session_states (session_id, app_id, status, created_at, complete_at, run_id)
SELECT session_id, app_id, 'ENDED', created_at, now(), 1 FROM realtimekit.sessions WHERE $1::integer > 0;

INSERT INTO realtimekit.participants (session_id, participant_id, user_id, custom_participant_id, display_name, preset_name, joined_at, left_at, run_id)
SELECT s.session_id, md5(n || ' ' || i)::uuid, 'u' || c || '-' || i,
       CASE WHEN n < 1 THEN 'viewer ' || n || '-' || i WHEN i = 0 THEN 'teacher ' || c / 4 ELSE 'pupil ' || c / 20 || '-' || (c * 7 + i) % 200 END,
       'Name ' || i, CASE i WHEN 0 THEN 'host' ELSE 'student' END, s.started_at + i % 600 * interval '1.3 seconds', s.ended_at - i % 600 * interval '1.1 seconds', 1
FROM generate_series(-1, $1::integer) AS n
CROSS JOIN LATERAL (SELECT CASE WHEN n > 0 THEN n / 50 ELSE -2 END AS c) AS c
JOIN realtimekit.sessions AS s ON s.session_id = md5(n::text)::uuid
CROSS JOIN LATERAL generate_series(0, CASE n WHEN 0 THEN 9999 WHEN -1 THEN 24 ELSE 21 END) AS i
WHERE n < 1 OR (i + n) % 11 <> 0;

INSERT INTO realtimekit.peer_events (session_id, participant_id, event_id, event_name, peer_id, preset_view_type, created_at, run_id)
SELECT p.session_id, p.participant_id, md5(p.participant_id::text || k)::uuid,
       (ARRAY['PEER_CREATED', 'PEER_JOINING', 'PEER_LEAVING', 'PEER_JOINING', 'PEER_LEAVING'])[k], p.participant_id::text, 'GROUP_CALL',
       CASE k WHEN 1 THEN p.joined_at - interval '5 seconds' WHEN 2 THEN p.joined_at WHEN 3 THEN p.joined_at + interval '10 minutes'
              WHEN 4 THEN p.joined_at + interval '11 minutes' ELSE p.left_at END, 1
FROM realtimekit.participants AS p, generate_series(1, 5) AS k WHERE $1::integer > 0
