-- One row per obstacle to a patient start that the field identified by the as-of date.

with

barriers as (

    select * from {{ ref('stg_crm__barriers') }}

),

accounts_resolved as (

    select * from {{ ref('int_accounts_resolved') }}

),

staff as (

    select * from {{ ref('int_staff_mapped') }}

),

cases as (

    select * from {{ ref('int_cases_resolved') }}

),

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

customers_versioned as (

    select * from {{ ref('int_customers_versioned') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

identified as (

    select
        barriers.barrier_id,
        barriers.account_id,
        barriers.owner_staff_id,
        barriers.hub_case_id,
        {{ field_term('barriers.barrier_type') }} as barrier_type,
        {{ field_term(if_happened('barriers.escalated_at', 'barriers.escalated_to')) }}
            as escalated_to,
        {{ field_term(if_happened('barriers.resolved_at', 'barriers.resolution')) }} as resolution,
        barriers.identified_at,
        {{ if_happened('barriers.escalated_at') }} as escalated_at,
        {{ if_happened('barriers.resolved_at') }} as resolved_at,
        barriers.source_row_id
    from barriers
    cross join reporting_period
    where barriers.identified_at < reporting_period.ends_before

),

with_case as (

    select
        identified.*,
        cases.case_id,
        cases.first_shipped_on,
        coalesce(
            identified.resolution = 'removed'
            and cases.first_shipped_on >= cast(identified.resolved_at as date),
            false
        ) as is_started_after_removal
    from identified
    left join cases
        on identified.hub_case_id = cases.case_id

),

-- The value of a start stands with one barrier only, the one removed last: it adds up.
ranked as (

    select
        *,
        case
            when is_started_after_removal
                then row_number() over (
                    partition by case_id, is_started_after_removal
                    order by resolved_at desc, barrier_id desc
                )
        end as removal_rank_from_last
    from with_case

),

unblocked_values as (

    select
        ranked.barrier_id,
        sum(fills.net_value) as value_unblocked
    from ranked
    inner join fills
        on
            ranked.case_id = fills.case_id
            and fills.shipped_on
            < {{ dbt.dateadd('day', var('unblocked_window_days'), 'ranked.first_shipped_on') }}
    where ranked.removal_rank_from_last = 1
    group by ranked.barrier_id

),

barriers_followed as (

    select
        ranked.barrier_id,
        accounts_resolved.customer_id,
        accounts_resolved.organization_id,
        ranked.case_id,
        staff.staff_id,
        ranked.barrier_type,
        staff.function,
        ranked.escalated_to,
        customers_versioned.territory,
        ranked.resolution,
        cast(coalesce(unblocked_values.value_unblocked, 0) as {{ money_type() }})
            as value_unblocked,
        ranked.is_started_after_removal,
        ranked.identified_at,
        ranked.escalated_at,
        ranked.resolved_at,
        ranked.source_row_id
    from ranked
    left join accounts_resolved
        on ranked.account_id = accounts_resolved.account_id
    left join staff
        on ranked.owner_staff_id = staff.staff_id
    left join customers_versioned
        on
            accounts_resolved.customer_id = customers_versioned.customer_id
            and {{ is_valid_on('customers_versioned', 'ranked.identified_at') }}
    left join unblocked_values
        on ranked.barrier_id = unblocked_values.barrier_id

)

select * from barriers_followed
