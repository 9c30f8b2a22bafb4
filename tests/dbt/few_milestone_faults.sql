-- Few cases have times that contradict each other; otherwise the faults, with the cases they have.
{{ config(
    severity='warn',
    meta={'remedy': 'More than 2 % of the hub cases carry a milestone fault, so that the days '
        ~ 'between milestones mislead. Ask the hub (access/hub_enrollment, access/prior_auth) and '
        ~ 'the pharmacies (access/sp_dispense) for time zones and for dates typed by hand, and '
        ~ 'have the rows delivered again.'}
) }}
{%- set accepted_share = 0.02 %}
with

journeys as (

    select * from {{ ref('fct_fulfillment_journeys') }}

),

totals as (

    select
        count(*) as cases,
        count(milestone_fault) as faulty_cases
    from journeys

)

select
    journeys.milestone_fault,
    count(*) as cases
from journeys
cross join totals
where
    journeys.milestone_fault is not null
    and totals.faulty_cases > {{ accepted_share }} * totals.cases
group by journeys.milestone_fault
