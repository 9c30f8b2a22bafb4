-- One row per hub case received by the as-of date: who and what it is for, and how it stands.

with

enrollments as (

    select * from {{ ref('stg_access__enrollments') }}

),

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

npis_matched as (

    select * from {{ ref('int_npis_matched') }}

),

ndcs_matched as (

    select * from {{ ref('int_ndcs_matched') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

shipments as (

    select
        case_id,
        min(shipped_on) as first_shipped_on,
        min(case when not is_first_fill_of_case then shipped_on end) as second_shipped_on,
        min(delivered_on) as first_delivered_on,
        max(case when is_first_fill_of_case then delivered_on end) as first_fill_delivered_on,
        max(case when is_first_fill_of_case then pharmacy_id end) as pharmacy_id
    from fills
    where case_id is not null
    group by case_id

),

-- What states no time when it happened, or a time to come, has not happened.
received as (

    select
        enrollments.case_id,
        enrollments.hcp_npi,
        enrollments.ndc,
        enrollments.payer_id,
        enrollments.case_type,
        enrollments.payer_type,
        {{ field_term('enrollments.referral_source') }} as referral_source,
        enrollments.received_at,
        {{ if_happened('enrollments.enrolled_at') }} as enrolled_at,
        {{ if_happened('enrollments.closed_at') }} as closed_at,
        {{ if_happened('enrollments.closed_at', 'enrollments.close_reason') }} as close_reason,
        enrollments.source_row_id,
        reporting_period.as_of_date
    from enrollments
    cross join reporting_period
    where enrollments.received_at < reporting_period.ends_before

),

with_outcome as (

    select
        received.*,
        npis_matched.customer_id,
        ndcs_matched.product_id,
        shipments.pharmacy_id,
        shipments.first_shipped_on,
        shipments.second_shipped_on,
        shipments.first_delivered_on,
        shipments.first_fill_delivered_on,
        case
            when shipments.case_id is not null then 'started'
            when received.closed_at is null then 'open'
            when received.close_reason is null then 'unspecified'
            when received.close_reason = 'STARTED' then 'reversed'
            else {{ field_term('received.close_reason') }}
        end as outcome
    from received
    left join npis_matched
        on received.hcp_npi = npis_matched.npi
    left join ndcs_matched
        on received.ndc = ndcs_matched.ndc
    left join shipments
        on received.case_id = shipments.case_id

),

cases_resolved as (

    select
        case_id,
        customer_id,
        product_id,
        pharmacy_id,
        payer_id,
        case_type,
        payer_type,
        referral_source,
        outcome,
        close_reason,
        case_type in ('NEW', 'RESTART') as is_start_journey,
        outcome in (
            'pt_declined_cost', 'pt_declined_other', 'pt_unreachable', 'hcp_cancelled'
        ) as is_abandoned,
        coalesce(
            close_reason in (
                'PT_DECLINED_COST',
                'PT_DECLINED_OTHER',
                'PT_UNREACHABLE',
                'HCP_CANCELLED',
                'DECEASED'
            ),
            false
        ) as is_withdrawn,
        first_shipped_on,
        second_shipped_on,
        first_delivered_on,
        first_fill_delivered_on,
        as_of_date,
        received_at,
        enrolled_at,
        closed_at,
        source_row_id
    from with_outcome

)

select * from cases_resolved
