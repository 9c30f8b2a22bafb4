with current_customers as (
    select
        customer_id,
        territory,
        segment
    from {{ batch }}
    where
        valid_to > (select as_of_date from intermediate.int_reporting_period)
        and valid_from <= (select as_of_date from intermediate.int_reporting_period)
),

compared as (
    select
        count(*) as customers,
        count(*) filter (where present.territory is distinct from published.territory) as moved,
        count(*) filter (where present.segment is distinct from published.segment) as resegmented
    from current_customers as present
    inner join
        previous.marts.dim_customers as published
        on present.customer_id = published.customer_id
)

select
    'customers' as example,
    moved
    || ' changed their territory, '
    || resegmented
    || ' their segment, of '
    || customers as finding
from compared
where customers >= 20 and greatest(moved, resegmented) > 0.25 * customers
