-- By lesson: sessions with a short gap between are one, and a room that was opened by
-- mistake is none. Breakout rooms (session_type participant) are no lessons of their own.
with lessons as (
    select
        occurrence_id, app_id, meeting_id, meeting_title, starts_at, person_id, custom_participant_id, display_name, preset_name,
        is_present, is_enrolled, is_final, present_seconds, late_seconds,
        bool_or(is_present) over (partition by app_id, meeting_id, occurrence_id, starts_at) as somebody_came
    from {{ source('analytics', 'register') }}
    where session_type is distinct from 'participant'
)

select
    occurrence_id as session_id,
    app_id,
    meeting_id,
    meeting_title as course,
    starts_at,
    person_id,
    custom_participant_id,
    display_name,
    preset_name,
    is_present as has_attended,
    is_enrolled,
    present_seconds / 60 as present_minutes,
    late_seconds
from lessons
where is_present or is_final and somebody_came
