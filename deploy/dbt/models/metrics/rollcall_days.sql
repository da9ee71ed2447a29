-- MetricFlow's time spine: one row a day.
select day_at::date as day_date
from generate_series(date '2020-01-01', current_date + 366, interval '1 day') as day_at
