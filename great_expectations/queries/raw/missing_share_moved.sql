select
    path || ':' || coalesce(missing_at_row, 1) as example,
    column_name || ': ' || missing_count || ' of ' || row_count
    || ' values are missing, where earlier deliveries had '
    || round(100 * earlier_missing_share, 1) || ' %' as finding
from {{ batch }}
where
    earlier_files >= 3
    and (
        missing_share > most_earlier_missing_share + 0.15 + 2 / sqrt(row_count)
        or missing_share < least_earlier_missing_share - 0.15 - 2 / sqrt(row_count)
    )
