with present as (
    select
        territory,
        count(*) as customers
    from {{ batch }}
    group by territory
),

published as (
    select
        territory,
        count(*) as customers
    from previous.marts.dim_customers
    where territory is not null
    group by territory
)

select
    published.territory as example,
    coalesce(present.customers, 0)
    || ' customers, published with '
    || published.customers as finding
from published left join present on published.territory = present.territory
where published.customers >= 8 and coalesce(present.customers, 0) < 0.5 * published.customers
