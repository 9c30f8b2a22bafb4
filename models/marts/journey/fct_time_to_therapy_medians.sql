-- One row per month of receipt (null for all) and payer type (and all): the median time to therapy.

-- A limit of the median is where the limit of the survival curve crosses one half (Brookmeyer and
-- Crowley 1982).

with

waits as (

    select * from {{ ref('int_therapy_waits_estimated') }}

),

fct_time_to_therapy_medians as (

    select
        received_month,
        payer_type,
        max(at_risk) as cases,
        cast(sum(delivered) as {{ dbt.type_bigint() }}) as delivered,
        {{ median_survival('survival', 'days') }} as median_days,
        {{ median_survival('coalesce(survival_lower, survival)', 'days') }} as median_days_lower,
        {{ median_survival('coalesce(survival_upper, survival)', 'days') }} as median_days_upper
    from waits
    group by received_month, payer_type

)

select * from fct_time_to_therapy_medians
