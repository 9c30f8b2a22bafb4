-- Every journey to a start waits from day 0 on in each group it belongs to, and leaves the wait
-- once: who is at risk less who leaves is who is at risk next. The share not yet delivered never
-- rises.
with

journeys as (

    select * from {{ ref('fct_fulfillment_journeys') }}

),

waits as (

    select * from {{ ref('fct_time_to_therapy') }}

),

start_journeys as (

    select
        cast({{ dbt.date_trunc('month', 'received_at') }} as date) as received_month,
        coalesce(payer_type, 'unknown') as payer_type
    from journeys
    where is_start_journey

),

cases_counted as (

    select
        received_month,
        case when grouping(payer_type) = 1 then 'all' else payer_type end as payer_type,
        count(*) as cases
    from start_journeys
    group by cube(received_month, payer_type)
    having count(*) > 0

),

waits_in_order as (

    select
        *,
        at_risk - delivered - denied - abandoned - other - censored as remaining,
        lag(days) over days_of_group as previous_days,
        lag(survival) over days_of_group as previous_survival,
        lead(at_risk, 1, 0) over days_of_group as next_at_risk
    from waits
    window days_of_group as (partition by received_month, payer_type order by days)

)

select
    cases_counted.received_month,
    cases_counted.payer_type,
    cases_counted.cases,
    waits_in_order.days,
    waits_in_order.at_risk,
    waits_in_order.next_at_risk,
    waits_in_order.previous_survival,
    waits_in_order.survival
from cases_counted
full join waits_in_order
    on
        cases_counted.received_month is not distinct from waits_in_order.received_month
        and cases_counted.payer_type = waits_in_order.payer_type
where
    cases_counted.cases is null
    or waits_in_order.at_risk is null
    or waits_in_order.remaining <> waits_in_order.next_at_risk
    or waits_in_order.survival > waits_in_order.previous_survival + 1e-12
    or (
        waits_in_order.previous_days is null
        and waits_in_order.at_risk <> cases_counted.cases
    )
