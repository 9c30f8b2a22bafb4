select
    path as example,
    row_count || ' rows, where the list had ' || cast(most_expected_rows as bigint) as finding
from {{ batch }}
where
    is_judged
    and mode = 'full'
    and earlier_deliveries > 0
    and (
        row_count < 0.9 * most_expected_rows - 1
        or row_count > 1.5 * most_expected_rows + 20
    )
