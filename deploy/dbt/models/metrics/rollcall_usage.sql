select * from {{ source('analytics', 'daily_usage') }}
