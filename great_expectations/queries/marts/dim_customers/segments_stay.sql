with present as (
    select
        segment,
        count(*) / sum(count(*)) over () as share
    from {{ batch }}
    group by segment
),

published as (
    select
        segment,
        count(*) / sum(count(*)) over () as share,
        sum(count(*)) over () as customers
    from previous.marts.dim_customers
    group by segment
)

select
    coalesce(published.segment, 'none') as example,
    round(100 * coalesce(present.share, 0))
    || ' % of the customers, published with '
    || round(100 * published.share)
    || ' %' as finding
from published left join present on published.segment is not distinct from present.segment
where
    published.customers >= 20
    and abs(coalesce(present.share, 0) - published.share) > 0.15 + 1 / sqrt(published.customers)
