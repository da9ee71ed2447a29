-- $1 run, $2 session, $3 participant, $4 peer, $5 the report as JSON. A peer is
-- asked for until there is a report, so a row that is there is of an earlier copy of
-- the state.
INSERT INTO realtimekit.peer_reports (
    session_id, participant_id, peer_id,
    preset_name, sdk_name, sdk_version, room_view_type, os_name, os_version, is_mobile, cpu_count, browser_name,
    browser_version, network_type, country, ip_address, audio_sent_mos, audio_sent_packet_loss, audio_sent_rtt,
    audio_sent_jitter, audio_received_mos, audio_received_packet_loss, audio_received_jitter,
    audio_received_jitter_buffer_delay, video_sent_mos, video_sent_packet_loss, video_sent_rtt,
    video_sent_jitter, video_received_mos, video_received_packet_loss, video_received_jitter,
    video_received_jitter_buffer_delay,
    repairs, first_synced_at, synced_at, run_id)
SELECT $2::uuid, $3::uuid, $4::uuid,
    preset_name, sdk_name, sdk_version, room_view_type, os_name, os_version, is_mobile, cpu_count, browser_name,
    browser_version, network_type, country, ip_address, audio_sent_mos, audio_sent_packet_loss, audio_sent_rtt,
    audio_sent_jitter, audio_received_mos, audio_received_packet_loss, audio_received_jitter,
    audio_received_jitter_buffer_delay, video_sent_mos, video_sent_packet_loss, video_sent_rtt,
    video_sent_jitter, video_received_mos, video_received_packet_loss, video_received_jitter,
    video_received_jitter_buffer_delay,
    repairs, now(), now(), $1::bigint
FROM jsonb_to_record($5::jsonb) AS r (
    preset_name text, sdk_name text, sdk_version text, room_view_type text, os_name text, os_version text,
    is_mobile boolean, cpu_count bigint, browser_name text, browser_version text, network_type text, country
    text, ip_address text, audio_sent_mos double precision, audio_sent_packet_loss double precision,
    audio_sent_rtt double precision, audio_sent_jitter double precision, audio_received_mos double precision,
    audio_received_packet_loss double precision, audio_received_jitter double precision,
    audio_received_jitter_buffer_delay double precision, video_sent_mos double precision, video_sent_packet_loss
    double precision, video_sent_rtt double precision, video_sent_jitter double precision, video_received_mos
    double precision, video_received_packet_loss double precision, video_received_jitter double precision,
    video_received_jitter_buffer_delay double precision,
    repairs jsonb)
ON CONFLICT (session_id, participant_id, peer_id) DO NOTHING
