-- One row per month, product and payer type with a copay claim or a start: what assistance cost,
-- and whether patients who started with it stayed longer.

{% set groups = ['assisted', 'unassisted'] -%}
with

claims as (

    select * from {{ ref('int_copay_claims_matched') }}

),

cases as (

    select * from {{ ref('int_cases_resolved') }}

),

therapies as (

    select * from {{ ref('int_therapies_followed') }}

),

claim_months as (

    select
        cast({{ dbt.date_trunc('month', 'claimed_on') }} as date) as month,
        coalesce(product_id, 'unassigned') as product_id,
        coalesce(payer_type, 'unknown') as payer_type,
        sum(assistance_value) as assistance_value,
        count(*) as claims,
        count(distinct case_id) as assisted_cases,
        count(distinct case when is_maxed_out then case_id end) as maxed_out_cases
    from claims
    group by
        cast({{ dbt.date_trunc('month', 'claimed_on') }} as date),
        coalesce(product_id, 'unassigned'),
        coalesce(payer_type, 'unknown')

),

first_claims as (

    select
        case_id,
        min(claimed_on) as first_claimed_on
    from claims
    group by case_id

),

-- A start is judged by the assistance it began with: help that came later may be why it went on.
starts as (

    select
        cast({{ dbt.date_trunc('month', 'cases.first_shipped_on') }} as date) as month,
        coalesce(cases.product_id, 'unassigned') as product_id,
        coalesce(cases.payer_type, 'unknown') as payer_type,
        case
            when
                first_claims.first_claimed_on
                <= {{ dbt.dateadd('day', var('copay_start_days'), 'cases.first_shipped_on') }}
                then 'assisted'
            else 'unassisted'
        end as assistance,
        -- A gap before day 90 is one only when it has lasted longer than the grace.
        therapies.days_followed >= 90 + {{ var('grace_days') }} as is_followed,
        therapies.is_persistent_90d as is_persistent
    from cases
    inner join therapies
        on cases.case_id = therapies.case_id
    left join first_claims
        on cases.case_id = first_claims.case_id
    where
        cases.is_start_journey
        and cases.outcome = 'started'

),

start_months as (

    select
        month,
        product_id,
        payer_type,
        {% for group in groups -%}
        count(case when assistance = '{{ group }}' then 1 end) as {{ group }}_starts,
        count(case when assistance = '{{ group }}' and is_followed then 1 end)
            as {{ group }}_followed,
        count(case when assistance = '{{ group }}' and is_followed and is_persistent then 1 end)
            as {{ group }}_persistent,
        {% endfor -%}
        count(*) as starts
    from starts
    group by month, product_id, payer_type

),

copay_months as (

    select
        month,
        product_id,
        payer_type
    from claim_months
    union distinct
    select
        month,
        product_id,
        payer_type
    from start_months

),

fct_copay as (

    select
        copay_months.month,
        copay_months.product_id,
        copay_months.payer_type,
        cast(coalesce(claim_months.assistance_value, 0) as {{ money_type() }})
            as assistance_value,
        coalesce(claim_months.claims, 0) as claims,
        coalesce(claim_months.assisted_cases, 0) as assisted_cases,
        coalesce(claim_months.maxed_out_cases, 0) as maxed_out_cases,
        {% for count in ['starts', 'followed', 'persistent'] -%}
        {% for group in groups -%}
        coalesce(start_months.{{ group }}_{{ count }}, 0) as {{ group }}_{{ count }},
        {% endfor -%}
        {% endfor -%}
        cast(start_months.assisted_persistent as double)
        / nullif(start_months.assisted_followed, 0) as assisted_persistence,
        cast(start_months.unassisted_persistent as double)
        / nullif(start_months.unassisted_followed, 0) as unassisted_persistence
    from copay_months
    left join claim_months
        on
            copay_months.month = claim_months.month
            and copay_months.product_id = claim_months.product_id
            and copay_months.payer_type = claim_months.payer_type
    left join start_months
        on
            copay_months.month = start_months.month
            and copay_months.product_id = start_months.product_id
            and copay_months.payer_type = start_months.payer_type

)

select * from fct_copay
