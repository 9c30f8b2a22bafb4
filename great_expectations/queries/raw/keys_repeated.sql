select
    path || ':' || repeated_key_at_row as example,
    repeated_key_count || ' of ' || row_count || ' rows have the key of another row' as finding
from {{ batch }}
where
    is_judged
    and repeated_key_count > 5
    and repeated_key_share > 0.01 + 2 * coalesce(earlier_repeated_key_share, 0)
