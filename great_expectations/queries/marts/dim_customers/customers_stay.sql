with counted as (
    select
        (select count(*) from {{ batch }}) as customers,
        (select count(*) from previous.marts.dim_customers) as published
)

select
    'customers' as example,
    customers || ', published with ' || published as finding
from counted
where customers < 0.98 * published - 1
