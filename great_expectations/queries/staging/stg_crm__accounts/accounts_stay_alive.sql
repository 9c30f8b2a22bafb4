with judged as (
    select
        source_row_id,
        file_delivered_on = max(file_delivered_on) over () as is_newest,
        coalesce(is_deleted, false) as is_gone
    from {{ batch }}
),

counted as (
    select
        count(*) filter (where is_gone) as gone,
        count(*) filter (where is_gone and is_newest) as newly_gone,
        count(*) as accounts
    from judged
)

select
    'accounts' as example,
    newly_gone || ' of ' || accounts || ' accounts were deleted by the newest delivery' as finding
from counted
where newly_gone > 5 and newly_gone > 0.05 * accounts
