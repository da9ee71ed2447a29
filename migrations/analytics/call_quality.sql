-- The mean over a person's peers, each weighted by its minutes, one second at
-- the least: a phone that looked in for a moment counts for a moment.
CREATE OR REPLACE VIEW analytics.call_quality AS
WITH report AS (
    SELECT r.*, p.custom_participant_id, p.display_name, p.joined_at,
           analytics.person_of(k.person_by, k.nobody_ids, k.machine_presets, k.machine_names, p.custom_participant_id, p.user_id, p.participant_id, p.preset_name, p.display_name) AS person_id,
           greatest(coalesce(p.duration_minutes, 0), 1.0 / 60) AS weight
    FROM realtimekit.peer_reports AS r
    JOIN realtimekit.participants AS p USING (session_id, participant_id)
    JOIN realtimekit.sessions AS f ON f.session_id = r.session_id
    LEFT JOIN analytics.settings AS k ON k.app_id = f.app_id AND k.meeting_id = ''
)
SELECT session_id, person_id, min(custom_participant_id) AS custom_participant_id,
       (array_agg(display_name ORDER BY joined_at NULLS LAST, peer_id) FILTER (WHERE display_name IS NOT NULL))[1] AS display_name,
       count(*) AS reports,
       sum(audio_sent_mos * weight) / sum(weight) FILTER (WHERE audio_sent_mos IS NOT NULL) AS audio_sent_mos,
       sum(audio_sent_packet_loss * weight) / sum(weight) FILTER (WHERE audio_sent_packet_loss IS NOT NULL) AS audio_sent_packet_loss,
       sum(audio_sent_rtt * weight) / sum(weight) FILTER (WHERE audio_sent_rtt IS NOT NULL) AS audio_sent_rtt,
       sum(audio_sent_jitter * weight) / sum(weight) FILTER (WHERE audio_sent_jitter IS NOT NULL) AS audio_sent_jitter,
       sum(audio_received_mos * weight) / sum(weight) FILTER (WHERE audio_received_mos IS NOT NULL) AS audio_received_mos,
       sum(audio_received_packet_loss * weight) / sum(weight) FILTER (WHERE audio_received_packet_loss IS NOT NULL) AS audio_received_packet_loss,
       sum(audio_received_jitter * weight) / sum(weight) FILTER (WHERE audio_received_jitter IS NOT NULL) AS audio_received_jitter,
       sum(video_sent_mos * weight) / sum(weight) FILTER (WHERE video_sent_mos IS NOT NULL) AS video_sent_mos,
       sum(video_sent_packet_loss * weight) / sum(weight) FILTER (WHERE video_sent_packet_loss IS NOT NULL) AS video_sent_packet_loss,
       sum(video_sent_rtt * weight) / sum(weight) FILTER (WHERE video_sent_rtt IS NOT NULL) AS video_sent_rtt,
       sum(video_sent_jitter * weight) / sum(weight) FILTER (WHERE video_sent_jitter IS NOT NULL) AS video_sent_jitter,
       sum(video_received_mos * weight) / sum(weight) FILTER (WHERE video_received_mos IS NOT NULL) AS video_received_mos,
       sum(video_received_packet_loss * weight) / sum(weight) FILTER (WHERE video_received_packet_loss IS NOT NULL) AS video_received_packet_loss,
       sum(video_received_jitter * weight) / sum(weight) FILTER (WHERE video_received_jitter IS NOT NULL) AS video_received_jitter,
       min(least(audio_sent_mos, audio_received_mos, video_sent_mos, video_received_mos)) AS worst_mos,
       string_agg(DISTINCT nullif(concat_ws(' ', os_name, os_version), ''), ', ') AS operating_systems,
       string_agg(DISTINCT nullif(concat_ws(' ', browser_name, browser_version), ''), ', ') AS browsers,
       string_agg(DISTINCT network_type, ', ') AS network_types,
       string_agg(DISTINCT country, ', ') AS countries,
       bool_or(is_mobile) AS used_mobile
FROM report
WHERE person_id IS NOT NULL
GROUP BY session_id, person_id;

COMMENT ON VIEW  analytics.call_quality IS 'How the call was for each person of a session: one row per session and person with a peer report (rollcall run --with peer-reports). Where a person had several peers, the numbers are means weighted by each peer''s minutes. Loss, round-trip time and jitter are in the API''s own unit, which the vendor does not document.';
COMMENT ON COLUMN analytics.call_quality.session_id IS 'Session.';
COMMENT ON COLUMN analytics.call_quality.person_id IS 'Person within the app: custom_participant_id, else user_id, else participant_id, or as analytics.settings says; see analytics.person_of.';
COMMENT ON COLUMN analytics.call_quality.custom_participant_id IS 'The customer''s own id of the person.';
COMMENT ON COLUMN analytics.call_quality.display_name IS 'Name of the person on the first device that joined.';
COMMENT ON COLUMN analytics.call_quality.reports IS 'Peer reports that the row is made of.';
COMMENT ON COLUMN analytics.call_quality.audio_sent_mos IS 'Mean opinion score of the audio sent, 1 (bad) to 5.';
COMMENT ON COLUMN analytics.call_quality.audio_sent_packet_loss IS 'Packet loss of the audio sent, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.audio_sent_rtt IS 'Round-trip time of the audio sent, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.audio_sent_jitter IS 'Jitter of the audio sent, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.audio_received_mos IS 'Mean opinion score of the audio received, 1 (bad) to 5.';
COMMENT ON COLUMN analytics.call_quality.audio_received_packet_loss IS 'Packet loss of the audio received, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.audio_received_jitter IS 'Jitter of the audio received, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.video_sent_mos IS 'Mean opinion score of the video sent, 1 (bad) to 5.';
COMMENT ON COLUMN analytics.call_quality.video_sent_packet_loss IS 'Packet loss of the video sent, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.video_sent_rtt IS 'Round-trip time of the video sent, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.video_sent_jitter IS 'Jitter of the video sent, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.video_received_mos IS 'Mean opinion score of the video received, 1 (bad) to 5.';
COMMENT ON COLUMN analytics.call_quality.video_received_packet_loss IS 'Packet loss of the video received, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.video_received_jitter IS 'Jitter of the video received, in the API''s unit.';
COMMENT ON COLUMN analytics.call_quality.worst_mos IS 'Lowest mean opinion score of any stream and device of the person: where to look first.';
COMMENT ON COLUMN analytics.call_quality.operating_systems IS 'Operating systems of the person''s devices, comma-separated.';
COMMENT ON COLUMN analytics.call_quality.browsers IS 'Browsers of the person''s devices, comma-separated.';
COMMENT ON COLUMN analytics.call_quality.network_types IS 'Kinds of network, comma-separated.';
COMMENT ON COLUMN analytics.call_quality.countries IS 'Countries of the network addresses, comma-separated.';
COMMENT ON COLUMN analytics.call_quality.used_mobile IS 'Whether any of the devices was a mobile one.';
