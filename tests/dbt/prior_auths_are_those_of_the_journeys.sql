-- The chains of a case, counted one by one, are those its journey counts.
with

journeys as (

    select * from {{ ref('fct_fulfillment_journeys') }}

),

prior_auths as (

    select * from {{ ref('fct_prior_auths') }}

),

counted as (

    select
        case_id,
        count(*) as chains,
        count(is_approved) as chains_final,
        count(case when is_approved then 1 end) as chains_approved,
        count(is_first_pass) as first_responses,
        count(case when is_first_pass then 1 end) as first_passes
    from prior_auths
    group by case_id

)

select
    journeys.case_id,
    journeys.pa_chains,
    counted.chains
from journeys
left join counted
    on journeys.case_id = counted.case_id
where
    journeys.pa_chains <> coalesce(counted.chains, 0)
    or journeys.pa_chains_final <> coalesce(counted.chains_final, 0)
    or journeys.pa_chains_approved <> coalesce(counted.chains_approved, 0)
    or journeys.pa_first_responses <> coalesce(counted.first_responses, 0)
    or journeys.pa_first_passes <> coalesce(counted.first_passes, 0)
