-- One row per organisation (hospital, group practice), after all merges.

with

accounts as (

    select * from {{ ref('stg_crm__accounts') }}

),

accounts_resolved as (

    select * from {{ ref('int_accounts_resolved') }}

),

organizations_unified as (

    select
        accounts_resolved.organization_id,
        accounts.account_name as organization_name,
        {{ first_listed('accounts.territories') }} as territory,
        accounts.state,
        parents.organization_id as parent_organization_id,
        accounts.source_row_id
    from accounts
    inner join accounts_resolved
        on accounts.account_id = accounts_resolved.account_id
    left join accounts_resolved as parents
        on accounts.parent_account_id = parents.account_id
    where accounts_resolved.organization_id = accounts.account_id

)

select * from organizations_unified
