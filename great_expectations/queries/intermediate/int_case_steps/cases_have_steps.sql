with judged as (
    select
        received_at >= max(received_at) over () - interval 31 day as is_new,
        case_id not in (select case_id from {{ batch }}) as is_without
    from intermediate.int_cases_resolved
),

counted as (
    select
        count(*) filter (where is_new) as cases,
        count(*) filter (where is_new and is_without) as without,
        count(*) filter (where not is_new) as earlier,
        count(*) filter (where not is_new and is_without) as earlier_without
    from judged
)

select
    'cases of the last month' as example,
    without
    || ' of '
    || cases
    || ' have no step, of earlier ones '
    || earlier_without
    || ' of '
    || earlier as finding
from counted
where
    without > 2
    and without > 0.05 * cases + 3 * cases * coalesce(earlier_without / nullif(earlier, 0), 0)
