-- One row per account: the customer or the organisation it stands for after all merges.

-- The merge chain is followed by doubling the step: after n rounds each account points 2^n merges
-- further, so no recursion is needed and a cycle cannot loop. Whoever is still on the way after the
-- last round is in a cycle, which a test refuses.

with

accounts as (

    select * from {{ ref('stg_crm__accounts') }}

),

step_0 as (

    select
        account_id,
        coalesce(nullif(merged_into_account_id, account_id), account_id) as reached_account_id
    from accounts

),

{% for step in range(1, var('merge_chain_doublings') + 1) -%}
step_{{ step }} as (

    select
        step_{{ step - 1 }}.account_id,
        coalesce(onward.reached_account_id, step_{{ step - 1 }}.reached_account_id)
            as reached_account_id
    from step_{{ step - 1 }}
    left join step_{{ step - 1 }} as onward
        on step_{{ step - 1 }}.reached_account_id = onward.account_id

),

{% endfor -%}
survivors as (

    select
        account_id,
        is_person,
        not is_deleted as is_live,
        coalesce(merged_into_account_id <> account_id, false) as is_merged_on
    from accounts

),

accounts_resolved as (

    select
        merged.account_id,
        merged.reached_account_id as survivor_account_id,
        merged.reached_account_id <> merged.account_id as is_merged,
        coalesce(survivors.is_merged_on, false) as is_in_merge_cycle,
        survivors.is_person,
        case
            when survivors.is_person and survivors.is_live and not survivors.is_merged_on
                then survivors.account_id
        end as customer_id,
        case
            when not survivors.is_person and survivors.is_live and not survivors.is_merged_on
                then survivors.account_id
        end as organization_id
    from step_{{ var('merge_chain_doublings') }} as merged
    left join survivors
        on merged.reached_account_id = survivors.account_id

)

select * from accounts_resolved
