select
    path as example,
    column_name || ': the newest date is ' || lag_days
    || ' days before the delivery, where it was at most ' || most_earlier_lag_days as finding
from {{ batch }}
where
    mode = 'delta'
    and earlier_files >= 3
    and row_count >= 20
    and lag_days > greatest(most_earlier_lag_days, covered_days) + 45
