-- One row per hub case: its milestones, its outcome, and what it cost on the way.

with

cases as (

    select * from {{ ref('int_cases_followed') }}

),

fct_fulfillment_journeys as (

    select
        case_id,
        customer_id,
        product_id,
        pharmacy_id,
        territory,
        case_type,
        payer_type,
        referral_source,
        outcome,
        milestone_fault,
        is_start_journey,
        is_abandoned,
        is_mature,
        case when is_mature and is_start_journey then outcome <> 'started' end as is_unfulfilled,
        pa_attempts,
        appeals,
        pa_chains,
        pa_chains_final,
        pa_chains_approved,
        pa_first_responses,
        pa_first_passes,
        rework_loops,
        handoffs,
        high_risk_handoffs,
        functions_involved,
        {{ elapsed_days('received_at', 'enrolled_at') }} as days_received_to_enrolled,
        {{ elapsed_days('enrolled_at', 'benefits_verified_at') }}
            as days_enrolled_to_benefits_verified,
        {{ elapsed_days('benefits_verified_at', 'pa_submitted_at') }}
            as days_benefits_verified_to_pa_submitted,
        {{ elapsed_days('pa_submitted_at', 'pa_decided_at') }} as days_pa_submitted_to_pa_decided,
        {{ elapsed_days('coverage_ready_at', 'first_shipped_at') }}
            as days_coverage_ready_to_shipped,
        {{ elapsed_days('first_shipped_at', 'first_delivered_at') }} as days_shipped_to_delivered,
        days_received_to_delivered,
        pdc,
        received_at,
        enrolled_at,
        benefits_verified_at,
        pa_submitted_at,
        pa_decided_at,
        coverage_ready_at,
        first_shipped_at,
        first_delivered_at,
        second_fill_at,
        persistent_90d,
        persistent_180d,
        persistent_365d,
        closed_at,
        source_row_id
    from cases

)

select * from fct_fulfillment_journeys
