-- The months of a fill add up to its value to the cent, and their days to its days' supply.
with

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

fills_accrued as (

    select * from {{ ref('int_fills_accrued') }}

),

accrued_totals as (

    select
        fill_id,
        sum(accrued_value) as accrued_value,
        sum(covered_days) as covered_days
    from fills_accrued
    group by fill_id

)

select
    fills.fill_id,
    fills.net_value,
    accrued_totals.accrued_value,
    fills.days_supply,
    accrued_totals.covered_days
from fills
left join accrued_totals
    on fills.fill_id = accrued_totals.fill_id
where
    fills.net_value <> coalesce(accrued_totals.accrued_value, -1)
    or fills.days_supply <> coalesce(accrued_totals.covered_days, -1)
