select
    path as example,
    'all ' || row_count || ' rows repeat an earlier delivery' as finding
from {{ batch }}
where is_judged and mode = 'delta' and is_repeat and row_count > 0
