select * from {{ ref('register_by_course') }}
