-- Months whose stages of the path to fulfillment do not lose exactly the unfulfilled cases, or lose
-- and start more or fewer than set out.

with

journeys as (

    select * from {{ ref('fct_fulfillment_journeys') }}

),

losses as (

    select
        month,
        sum(lost) as lost,
        sum(case when stage_number = 1 then entered else 0 end) as entered
    from {{ ref('fct_stage_losses') }}
    where journey = 'fulfillment'
    group by month

),

months as (

    select * from {{ ref('dim_months') }}

),

cases_counted as (

    select
        months.month,
        count(case when journeys.is_unfulfilled then 1 end) as unfulfilled_cases,
        count(journeys.is_unfulfilled) as mature_cases
    from months
    inner join journeys
        on {{ dbt.date_trunc('month', 'journeys.received_at') }} = months.month
    where journeys.is_unfulfilled is not null
    group by months.month

)

select
    coalesce(cases_counted.month, losses.month) as month,
    cases_counted.unfulfilled_cases,
    losses.lost,
    cases_counted.mature_cases,
    losses.entered
from cases_counted
full join losses
    on cases_counted.month = losses.month
where
    cases_counted.unfulfilled_cases is distinct from losses.lost
    or cases_counted.mature_cases is distinct from losses.entered
