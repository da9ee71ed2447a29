select * from {{ source('analytics', 'person_attendance') }}
