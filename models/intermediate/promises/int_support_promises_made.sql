-- One row per promise made to the author of a support case: an answer, a resolution, for an adverse
-- event also its way to drug safety.

{% set no_text = 'cast(null as ' ~ dbt.type_string() ~ ')' -%}
{% set no_time = 'cast(null as ' ~ dbt.type_timestamp() ~ ')' -%}

with

support_cases as (

    select * from {{ ref('stg_support__cases') }}

),

case_changes as (

    select * from {{ ref('stg_support__case_changes') }}

),

accounts_resolved as (

    select * from {{ ref('int_accounts_resolved') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

-- What a case was created with is what its first change replaced.
priority_changes as (

    select
        support_case_id,
        old_value,
        row_number() over (
            partition by support_case_id
            order by changed_at, case_change_id
        ) as change_rank
    from case_changes
    where field = 'Priority'

),

closings as (

    select
        case_changes.support_case_id,
        max(case when case_changes.new_value = 'Closed' then case_changes.changed_at end)
            as last_closed_at,
        max(
            case
                when
                    case_changes.old_value = 'Closed'
                    and coalesce(case_changes.new_value <> 'Closed', true)
                    then case_changes.changed_at
            end
        ) as last_reopened_at
    from case_changes
    cross join reporting_period
    where
        case_changes.field = 'Status'
        and case_changes.changed_at < reporting_period.ends_before
    group by case_changes.support_case_id

),

created as (

    select
        support_cases.support_case_id,
        accounts_resolved.customer_id,
        accounts_resolved.organization_id,
        support_cases.case_type,
        coalesce(
            case
                when priority_changes.support_case_id is not null then priority_changes.old_value
                else support_cases.priority
            end,
            '{{ var("default_case_priority") }}'
        ) as priority,
        support_cases.created_at,
        {{ if_happened('support_cases.first_responded_at') }} as first_responded_at,
        {{ if_happened('support_cases.safety_forwarded_at') }} as safety_forwarded_at,
        {{ if_happened('support_cases.closed_at') }} as closed_at,
        closings.last_closed_at,
        closings.last_reopened_at,
        support_cases.source_row_id
    from support_cases
    cross join reporting_period
    left join accounts_resolved
        on support_cases.account_id = accounts_resolved.account_id
    left join priority_changes
        on
            support_cases.support_case_id = priority_changes.support_case_id
            and priority_changes.change_rank = 1
    left join closings
        on support_cases.support_case_id = closings.support_case_id
    where support_cases.created_at < reporting_period.ends_before

),

with_last_closing as (

    select
        *,
        greatest(
            coalesce(closed_at, last_closed_at), coalesce(last_closed_at, closed_at)
        ) as resolved_at
    from created

),

support_promises_made as (

    select
        'case_first_response' as promise_id,
        support_case_id as source_record_id,
        customer_id,
        organization_id,
        {{ no_text }} as case_id,
        priority,
        created_at as started_at,
        first_responded_at as delivered_at,
        {{ no_time }} as withdrawn_at,
        source_row_id
    from with_last_closing
    union all
    select
        'case_resolution' as promise_id,
        support_case_id as source_record_id,
        customer_id,
        organization_id,
        {{ no_text }} as case_id,
        priority,
        created_at as started_at,
        case when coalesce(last_reopened_at <= resolved_at, true) then resolved_at end
            as delivered_at,
        {{ no_time }} as withdrawn_at,
        source_row_id
    from with_last_closing
    union all
    select
        'ae_forwarded' as promise_id,
        support_case_id as source_record_id,
        customer_id,
        organization_id,
        {{ no_text }} as case_id,
        {{ no_text }} as priority,
        created_at as started_at,
        safety_forwarded_at as delivered_at,
        {{ no_time }} as withdrawn_at,
        source_row_id
    from with_last_closing
    where case_type = 'Adverse Event'

)

select * from support_promises_made
