select * from {{ source('analytics', 'no_shows') }}
