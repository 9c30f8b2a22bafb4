-- One row per incident that cost work without moving anything forward.

with

case_changes as (

    select * from {{ ref('stg_support__case_changes') }}

),

support_cases as (

    select * from {{ ref('stg_support__cases') }}

),

accounts_resolved as (

    select * from {{ ref('int_accounts_resolved') }}

),

interactions as (

    select * from {{ ref('int_interactions_unioned') }}

),

prior_auths as (

    select * from {{ ref('int_prior_auths_chained') }}

),

cases as (

    select * from {{ ref('int_cases_resolved') }}

),

case_steps as (

    select * from {{ ref('int_case_steps') }}

),

duplicate_touches as (

    select * from {{ ref('int_duplicate_touches') }}

),

customers_versioned as (

    select * from {{ ref('int_customers_versioned') }}

),

hidden_tax_costs as (

    select * from {{ ref('hidden_tax_costs') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

reopened_cases as (

    select
        'reopened_case' as cause,
        case_changes.case_change_id as source_key,
        accounts_resolved.customer_id,
        case_changes.changed_at as occurred_at,
        case_changes.source_row_id
    from case_changes
    inner join support_cases
        on case_changes.support_case_id = support_cases.support_case_id
    cross join reporting_period
    left join accounts_resolved
        on support_cases.account_id = accounts_resolved.account_id
    where
        case_changes.field = 'Status'
        and case_changes.old_value = 'Closed'
        and coalesce(case_changes.new_value <> 'Closed', true)
        and case_changes.changed_at < reporting_period.ends_before
        and support_cases.created_at < reporting_period.ends_before

),

contacts as (

    select
        source_record_id,
        customer_id,
        occurred_at,
        source_row_id,
        lag(occurred_at) over (
            partition by customer_id
            order by occurred_at, interaction_id
        ) as previous_occurred_at
    from interactions
    where
        interaction_type = 'support_case'
        and customer_id is not null

),

repeat_contacts as (

    select
        'repeat_contact' as cause,
        source_record_id as source_key,
        customer_id,
        occurred_at,
        source_row_id
    from contacts
    where
        occurred_at
        <= {{ dbt.dateadd('day', var('repeat_contact_days'), 'previous_occurred_at') }}

),

appeals as (

    select
        'appeal' as cause,
        prior_auths.prior_auth_id as source_key,
        cases.customer_id,
        prior_auths.submitted_at as occurred_at,
        prior_auths.source_row_id
    from prior_auths
    inner join cases
        on prior_auths.case_id = cases.case_id
    where prior_auths.is_appeal

),

steps_in_turn as (

    select
        *,
        lag(step) over (
            partition by case_id
            order by entered_at, seq
        ) as previous_step
    from case_steps

),

-- Who waits for the same missing information under one event after another has asked for it once.
missing_information as (

    select
        'missing_information' as cause,
        case_id || ':' || cast(seq as {{ dbt.type_string() }}) as source_key,
        customer_id,
        entered_at as occurred_at,
        source_row_id
    from steps_in_turn
    where
        step = 'missing_info'
        and coalesce(previous_step <> 'missing_info', true)

),

duplicates as (

    select
        'duplicate_touch' as cause,
        interaction_id as source_key,
        customer_id,
        occurred_at,
        source_row_id
    from duplicate_touches

),

incidents as (

    select * from reopened_cases
    union all
    select * from repeat_contacts
    union all
    select * from appeals
    union all
    select * from missing_information
    union all
    select * from duplicates

),

hidden_tax_incidents as (

    select
        incidents.cause || ':' || incidents.source_key as incident_id,
        incidents.customer_id,
        incidents.cause,
        customers_versioned.territory,
        hidden_tax_costs.cost,
        incidents.occurred_at,
        incidents.source_row_id
    from incidents
    left join hidden_tax_costs
        on incidents.cause = hidden_tax_costs.cause
    left join customers_versioned
        on
            incidents.customer_id = customers_versioned.customer_id
            and {{ is_valid_on('customers_versioned', 'incidents.occurred_at') }}

)

select * from hidden_tax_incidents
