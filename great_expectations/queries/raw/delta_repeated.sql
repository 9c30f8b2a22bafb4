select
    path as example,
    'all ' || row_count || ' rows repeat an earlier delivery' as finding
from {{ batch }}
where mode = 'delta' and is_repeat and row_count > 0
