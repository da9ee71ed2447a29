select * from {{ source('analytics', 'session_summary') }}
