select
    app_id,
    meeting_id,
    max(course) as course,
    count(distinct (session_id, starts_at)) as sessions,
    count(*) as expected,
    count(*) filter (where not has_attended) as missed,
    round(count(*) filter (where not has_attended)::numeric / count(*), 4) as no_show_rate
from {{ ref('register_by_course') }}
where is_enrolled
group by 1, 2
