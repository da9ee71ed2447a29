select * from {{ source('analytics', 'reconciliation') }}
