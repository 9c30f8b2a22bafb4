-- One row per promise made about a hub case: papers, coverage, shipment, welcome.

{% set no_text = 'cast(null as ' ~ dbt.type_string() ~ ')' -%}
{% set no_time = 'cast(null as ' ~ dbt.type_timestamp() ~ ')' -%}

with

cases as (

    select * from {{ ref('int_cases_followed') }}

),

benefit_verifications as (

    select * from {{ ref('stg_access__benefit_verifications') }}

),

prior_auths as (

    select * from {{ ref('int_prior_auths_chained') }}

),

nurse_contacts as (

    select * from {{ ref('stg_access__nurse_contacts') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

welcomes as (

    select
        cases.case_id,
        min(nurse_contacts.started_at) as welcomed_at
    from nurse_contacts
    inner join cases
        on nurse_contacts.case_id = cases.case_id
    cross join reporting_period
    where
        nurse_contacts.direction = 'OUTBOUND'
        and nurse_contacts.outcome = 'REACHED'
        and nurse_contacts.started_at < reporting_period.ends_before
        and nurse_contacts.started_at >= {{ first_instant('cases.first_shipped_on') }}
    group by cases.case_id

),

promised as (

    select
        'enrollment_complete' as promise_id,
        case_id as source_record_id,
        case_id,
        received_at as started_at,
        enrolled_at as delivered_at,
        source_row_id
    from cases
    union all
    select
        'benefits_verified' as promise_id,
        benefit_verifications.benefit_verification_id as source_record_id,
        benefit_verifications.case_id,
        benefit_verifications.requested_at as started_at,
        {{ if_happened('benefit_verifications.completed_at') }} as delivered_at,
        benefit_verifications.source_row_id
    from benefit_verifications
    cross join reporting_period
    where benefit_verifications.requested_at < reporting_period.ends_before
    union all
    select
        'pa_submitted' as promise_id,
        case_id as source_record_id,
        case_id,
        pa_required_at as started_at,
        pa_submitted_at as delivered_at,
        source_row_id
    from cases
    where pa_required_at is not null
    union all
    select
        'pa_decided' as promise_id,
        prior_auth_id as source_record_id,
        case_id,
        submitted_at as started_at,
        case when is_decided then responded_at end as delivered_at,
        source_row_id
    from prior_auths
    union all
    select
        'first_ship' as promise_id,
        case_id as source_record_id,
        case_id,
        coverage_ready_at as started_at,
        first_shipped_at as delivered_at,
        source_row_id
    from cases
    where coverage_ready_at is not null
    union all
    select
        'delivered' as promise_id,
        case_id as source_record_id,
        case_id,
        {{ first_instant('first_shipped_on') }} as started_at,
        {{ last_instant('first_fill_delivered_on') }} as delivered_at,
        source_row_id
    from cases
    where first_shipped_on is not null
    union all
    select
        'nurse_welcome' as promise_id,
        cases.case_id as source_record_id,
        cases.case_id,
        {{ first_instant('cases.first_shipped_on') }} as started_at,
        welcomes.welcomed_at as delivered_at,
        cases.source_row_id
    from cases
    left join welcomes
        on cases.case_id = welcomes.case_id
    where cases.first_shipped_on is not null

),

access_promises_made as (

    select
        promised.promise_id,
        promised.source_record_id,
        cases.customer_id,
        {{ no_text }} as organization_id,
        promised.case_id,
        {{ no_text }} as priority,
        promised.started_at,
        promised.delivered_at,
        case when cases.is_withdrawn then cases.closed_at end as withdrawn_at,
        promised.source_row_id
    from promised
    inner join cases
        on promised.case_id = cases.case_id

)

select * from access_promises_made
