select
    date_trunc('month', usage_date)::date as usage_month,
    app_id,
    max(app_name) as customer,
    sum(sessions_started) as sessions_started,
    sum(participant_seconds) / 60 as participant_minutes,
    sum(person_seconds) / 60 as person_minutes,
    sum(vendor_minutes) as vendor_minutes,
    max(peak_people) as peak_people
from {{ source('analytics', 'daily_usage') }}
group by 1, 2
