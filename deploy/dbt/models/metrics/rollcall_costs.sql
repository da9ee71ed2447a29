select * from {{ source('analytics', 'usage_cost') }}
