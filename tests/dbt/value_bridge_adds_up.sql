-- Months in which the bridges of the territories do not add up to the value of all customers.

with

bridges as (

    select
        month,
        sum(accrued_value) as accrued_value,
        sum(closing) as closing
    from {{ ref('fct_value_bridge') }}
    group by month

),

customer_values as (

    select
        month,
        sum(accrued_value) as accrued_value
    from {{ ref('fct_customer_value') }}
    group by month

),

quarters as (

    select
        month,
        accrued_value,
        sum(accrued_value) over (
            order by month asc
            rows between {{ var('active_window_months') - 1 }} preceding and current row
        ) as quarter_value
    from customer_values

)

select
    quarters.month,
    quarters.accrued_value,
    quarters.quarter_value,
    bridges.accrued_value as bridge_accrued_value,
    bridges.closing
from quarters
left join bridges
    on quarters.month = bridges.month
where
    bridges.month is null
    or quarters.accrued_value <> bridges.accrued_value
    or quarters.quarter_value <> bridges.closing
