select
    path as example,
    row_count || ' rows for ' || covered_days || ' days, where earlier deltas make one expect '
    || cast(fewest_expected_rows as bigint) || ' to ' || cast(most_expected_rows as bigint)
    as finding
from {{ batch }}
where
    is_judged
    and mode = 'delta'
    and earlier_deliveries >= 3
    and earlier_days >= 21
    and (
        row_count
        < 0.7 * fewest_expected_rows - 2
        - 2 * greatest(1.25 * sqrt(fewest_expected_rows), expected_rows_deviation)
        or row_count
        > 1.6 * most_expected_rows + 10
        + 4 * greatest(sqrt(most_expected_rows), expected_rows_deviation)
    )
