-- Breakout rooms (session_type participant) are no lessons of their own.
with lessons as (
    select session_id, app_id, meeting_id, meeting_title, created_at
    from {{ source('realtimekit', 'sessions') }}
    where session_type is distinct from 'participant'
),

enrolled as (
    select app_id, meeting_id, meeting_participant_id, custom_participant_id
    from {{ source('realtimekit', 'meeting_participants') }}
)

select
    a.session_id,
    l.app_id,
    l.meeting_id,
    l.meeting_title as course,
    a.session_starts_at as starts_at,
    a.person_id,
    a.custom_participant_id,
    a.display_name,
    a.preset_name,
    true as has_attended,
    exists (
        select 1 from enrolled as e
        where e.app_id = l.app_id and e.meeting_id = l.meeting_id
            and (e.meeting_participant_id in (a.person_id, a.user_id) or e.custom_participant_id = a.custom_participant_id)
    ) as is_enrolled,
    a.present_seconds / 60 as present_minutes,
    a.late_seconds
from {{ source('analytics', 'person_attendance') }} as a
inner join lessons as l on l.session_id = a.session_id

union all

select
    n.session_id,
    n.app_id,
    n.meeting_id,
    l.meeting_title as course,
    n.session_started_at as starts_at,
    n.person_id,
    n.custom_participant_id,
    n.display_name,
    n.preset_name,
    false as has_attended,
    true as is_enrolled,
    0 as present_minutes,
    null as late_seconds
from {{ source('analytics', 'no_shows') }} as n
inner join lessons as l on l.session_id = n.session_id
where n.is_final and not n.nobody_came
