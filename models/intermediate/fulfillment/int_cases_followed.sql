-- One row per hub case: when each milestone of the path to fulfilment was first reached.

with

cases as (

    select * from {{ ref('int_cases_resolved') }}

),

benefit_verifications as (

    select * from {{ ref('stg_access__benefit_verifications') }}

),

prior_auths as (

    select * from {{ ref('int_prior_auths_chained') }}

),

therapies as (

    select * from {{ ref('int_therapies_followed') }}

),

steps as (

    select * from {{ ref('int_case_steps') }}

),

customers_versioned as (

    select * from {{ ref('int_customers_versioned') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

verified as (

    select
        benefit_verifications.case_id,
        min(benefit_verifications.completed_at) as benefits_verified_at,
        min(
            case
                when benefit_verifications.outcome = 'COVERED'
                    then benefit_verifications.completed_at
            end
        ) as covered_at,
        min(
            case
                when benefit_verifications.outcome in ('COVERED_PA', 'COVERED_ST')
                    then benefit_verifications.completed_at
            end
        ) as pa_required_at
    from benefit_verifications
    cross join reporting_period
    where benefit_verifications.completed_at < reporting_period.ends_before
    group by benefit_verifications.case_id

),

authorized as (

    select
        case_id,
        count(*) as pa_attempts,
        count(*) filter (where is_appeal) as appeals,
        min(submitted_at) as pa_submitted_at,
        min(case when is_granted then responded_at end) as pa_granted_at
    from prior_auths
    group by case_id

),

-- A chain belongs to the case of its opener, should its appeals name another one.
chains as (

    select
        chain_id,
        max(case when is_chain_opener then case_id end) as case_id,
        count(*) filter (where is_last_of_chain and is_decided) as final_answers,
        count(*) filter (where is_last_of_chain and is_granted) as approvals,
        count(*) filter (where is_first_request and is_decided) as first_responses,
        count(*) filter (where is_first_request and is_granted) as first_passes,
        max(case when is_last_of_chain and is_decided then responded_at end) as decided_at
    from prior_auths
    group by chain_id

),

chains_of_cases as (

    select
        case_id,
        count(*) as pa_chains,
        sum(final_answers) as pa_chains_final,
        sum(approvals) as pa_chains_approved,
        sum(first_responses) as pa_first_responses,
        sum(first_passes) as pa_first_passes,
        min(decided_at) as pa_decided_at
    from chains
    group by case_id

),

owners as (

    select
        case_id,
        count(*) filter (where is_rework) as rework_loops,
        count(*) filter (where is_handoff) as handoffs,
        count(*) filter (where is_high_risk_handoff) as high_risk_handoffs,
        count(distinct owner_org) as functions_involved
    from steps
    group by case_id

),

joined as (

    select
        cases.*,
        customers_versioned.territory,
        verified.benefits_verified_at,
        verified.pa_required_at,
        authorized.pa_submitted_at,
        chains_of_cases.pa_decided_at,
        least(
            coalesce(verified.covered_at, authorized.pa_granted_at),
            coalesce(authorized.pa_granted_at, verified.covered_at)
        ) as coverage_ready_at,
        {{ last_instant('cases.first_shipped_on') }} as first_shipped_at,
        {{ last_instant('cases.first_delivered_on') }} as first_delivered_at,
        {{ last_instant('cases.second_shipped_on') }} as second_fill_at,
        {% for days in [90, 180, 365] -%}
        case
            when therapies.is_persistent_{{ days }}d
                then {{ last_instant(dbt.dateadd('day', days, 'cases.first_shipped_on')) }}
        end as persistent_{{ days }}d,
        {% endfor -%}
        {% for table, columns in [
            ('authorized', ['pa_attempts', 'appeals']),
            (
                'chains_of_cases',
                [
                    'pa_chains',
                    'pa_chains_final',
                    'pa_chains_approved',
                    'pa_first_responses',
                    'pa_first_passes',
                ],
            ),
            (
                'owners',
                ['rework_loops', 'handoffs', 'high_risk_handoffs', 'functions_involved'],
            ),
        ] -%}
        {% for column in columns -%}
        cast(coalesce({{ table }}.{{ column }}, 0) as {{ dbt.type_bigint() }}) as {{ column }},
        {% endfor -%}
        {% endfor -%}
        therapies.pdc
    from cases
    left join customers_versioned
        on
            cases.customer_id = customers_versioned.customer_id
            and {{ is_valid_on('customers_versioned', 'cases.received_at') }}
    left join verified
        on cases.case_id = verified.case_id
    left join authorized
        on cases.case_id = authorized.case_id
    left join chains_of_cases
        on cases.case_id = chains_of_cases.case_id
    left join therapies
        on cases.case_id = therapies.case_id
    left join owners
        on cases.case_id = owners.case_id

),

with_findings as (

    select
        *,
        case
            when first_delivered_on is not null
                then
                    greatest({{ dbt.datediff('received_at', 'first_delivered_on', 'day') }}, 0)
        end as days_received_to_delivered,
        case
            when first_delivered_on is not null then 'delivered'
            when outcome in ('open', 'started') then null
            when outcome = 'denied' then 'denied'
            when is_abandoned then 'abandoned'
            else 'other'
        end as wait_end,
        greatest(
            {{ dbt.datediff(
                'received_at',
                'coalesce(first_delivered_on, cast(closed_at as date), as_of_date)',
                'day'
            ) }},
            0
        ) as wait_days,
        cast(received_at as date)
        <= {{ dbt.dateadd('day', 0 - var('maturity_days'), 'as_of_date') }} as is_mature,
        case
            when enrolled_at < received_at then 'enrolled_before_received'
            when first_shipped_on < cast(received_at as date) then 'shipped_before_received'
            when first_shipped_on < cast(enrolled_at as date) then 'shipped_before_enrolled'
            when pa_decided_at < pa_submitted_at then 'pa_decided_before_submitted'
            when first_delivered_at < first_shipped_at then 'delivered_before_shipped'
            when closed_at < received_at then 'closed_before_received'
        end as milestone_fault
    from joined

),

cases_followed as (

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
        is_start_journey,
        is_abandoned,
        is_withdrawn,
        first_shipped_on,
        first_fill_delivered_on,
        received_at,
        enrolled_at,
        closed_at,
        source_row_id,
        territory,
        benefits_verified_at,
        pa_required_at,
        pa_submitted_at,
        pa_decided_at,
        coverage_ready_at,
        first_shipped_at,
        first_delivered_at,
        second_fill_at,
        persistent_90d,
        persistent_180d,
        persistent_365d,
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
        pdc,
        days_received_to_delivered,
        wait_end,
        wait_days,
        is_mature,
        milestone_fault
    from with_findings

)

select * from cases_followed
