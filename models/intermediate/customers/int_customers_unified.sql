-- One row per customer: HCPs of the CRM, and prescribers known by their NPI only.

with

accounts as (

    select * from {{ ref('stg_crm__accounts') }}

),

accounts_resolved as (

    select * from {{ ref('int_accounts_resolved') }}

),

npis_matched as (

    select * from {{ ref('int_npis_matched') }}

),

crm_customers as (

    select
        accounts_resolved.customer_id,
        accounts.npi,
        accounts.account_name as customer_name,
        false as is_inferred,
        accounts.credentials,
        accounts.specialty,
        accounts.segment,
        {{ first_listed('accounts.territories') }} as territory,
        accounts.territories,
        accounts.state,
        parents.organization_id,
        coalesce(accounts.is_key_opinion_leader, false) as is_key_opinion_leader,
        coalesce(accounts.is_pdrp_opt_out, false) as is_pdrp_opt_out,
        accounts.created_at,
        accounts.source_row_id
    from accounts
    inner join accounts_resolved
        on accounts.account_id = accounts_resolved.account_id
    left join accounts_resolved as parents
        on accounts.parent_account_id = parents.account_id
    where accounts_resolved.customer_id = accounts.account_id

),

inferred_customers as (

    select
        customer_id,
        npi,
        cast(null as {{ dbt.type_string() }}) as customer_name,
        is_inferred,
        cast(null as {{ dbt.type_string() }}) as credentials,
        cast(null as {{ dbt.type_string() }}) as specialty,
        cast(null as {{ dbt.type_string() }}) as segment,
        cast(null as {{ dbt.type_string() }}) as territory,
        cast(null as {{ dbt.type_string() }}) as territories,
        cast(null as {{ dbt.type_string() }}) as state,
        cast(null as {{ dbt.type_string() }}) as organization_id,
        false as is_key_opinion_leader,
        false as is_pdrp_opt_out,
        cast(null as {{ dbt.type_timestamp() }}) as created_at,
        cast(null as {{ dbt.type_bigint() }}) as source_row_id
    from npis_matched
    where is_inferred

),

customers_unified as (

    select * from crm_customers
    union all
    select * from inferred_customers

)

select * from customers_unified
