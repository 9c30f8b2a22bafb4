with present as (
    select
        sum(accrued_value) as value,
        count(*) filter (where accrued_value > 0) as customers
    from {{ batch }}
    where month = (select max(month) from {{ batch }})
),

published as (
    select
        sum(accrued_value) as value,
        count(*) filter (where accrued_value > 0) as customers
    from previous.marts.fct_customer_value
    where month = (select max(month) from previous.marts.fct_customer_value)
)

select
    'last month' as example,
    round(present.value) || ' accrued, published with ' || round(published.value) as finding
from present cross join published
where
    published.customers >= 5
    and abs(present.value - published.value)
    > published.value * (0.35 + 3 / sqrt(published.customers))
