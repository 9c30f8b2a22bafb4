-- One row per copay assistance claim by the as-of date: what was paid, and for what kind of case.

with

copay_claims as (

    select * from {{ ref('stg_access__copay_claims') }}

),

cases as (

    select * from {{ ref('int_cases_resolved') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

copay_claims_matched as (

    select
        copay_claims.copay_claim_id,
        copay_claims.case_id,
        cases.product_id,
        cases.payer_type,
        cast(coalesce(copay_claims.assistance_value, 0) as {{ money_type() }}) as assistance_value,
        coalesce(copay_claims.is_maxed_out, false) as is_maxed_out,
        copay_claims.claimed_on,
        copay_claims.source_row_id
    from copay_claims
    inner join reporting_period
        on copay_claims.claimed_on <= reporting_period.as_of_date
    left join cases
        on copay_claims.case_id = cases.case_id

)

select * from copay_claims_matched
