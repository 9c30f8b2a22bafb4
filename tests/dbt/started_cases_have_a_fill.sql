-- A case has started if and only if a fill of it stands.
with

journeys as (

    select * from {{ ref('fct_fulfillment_journeys') }}

),

fills as (

    select * from {{ ref('fct_fills') }}

),

filled_cases as (

    select
        case_id,
        count(*) as fills
    from fills
    where case_id is not null
    group by case_id

)

select
    journeys.case_id,
    journeys.outcome,
    filled_cases.fills
from journeys
left join filled_cases
    on journeys.case_id = filled_cases.case_id
where (journeys.outcome = 'started') <> (filled_cases.case_id is not null)
