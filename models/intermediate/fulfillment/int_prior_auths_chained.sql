-- One row per prior authorisation request or appeal of a hub case, and the chain it belongs to.

-- Chains are followed to their top by doubling the step, as merges of accounts are. A parent that
-- was not delivered names the chain all the same: the appeals of one request stay together.

with

prior_auths as (

    select * from {{ ref('stg_access__prior_auths') }}

),

cases as (

    select * from {{ ref('int_cases_resolved') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

submitted as (

    select
        prior_auths.prior_auth_id,
        prior_auths.case_id,
        nullif(prior_auths.parent_prior_auth_id, prior_auths.prior_auth_id)
            as parent_prior_auth_id,
        prior_auths.payer_id,
        prior_auths.attempt_number,
        prior_auths.submitted_at,
        {{ if_happened('prior_auths.responded_at') }} as responded_at,
        {{ if_happened('prior_auths.responded_at', 'prior_auths.final_result') }} as result,
        {{ if_happened('prior_auths.responded_at', 'prior_auths.denial_reason') }}
            as denial_reason,
        {{ if_happened('prior_auths.responded_at', 'prior_auths.authorization_ends_on') }}
            as authorization_ends_on,
        prior_auths.source_row_id
    from prior_auths
    inner join cases
        on prior_auths.case_id = cases.case_id
    cross join reporting_period
    where prior_auths.submitted_at < reporting_period.ends_before

),

step_0 as (

    select
        prior_auth_id,
        coalesce(parent_prior_auth_id, prior_auth_id) as reached_prior_auth_id
    from submitted

),

{% for step in range(1, var('appeal_chain_doublings') + 1) -%}
step_{{ step }} as (

    select
        step_{{ step - 1 }}.prior_auth_id,
        coalesce(onward.reached_prior_auth_id, step_{{ step - 1 }}.reached_prior_auth_id)
            as reached_prior_auth_id
    from step_{{ step - 1 }}
    left join step_{{ step - 1 }} as onward
        on step_{{ step - 1 }}.reached_prior_auth_id = onward.prior_auth_id

),

{% endfor -%}
ranked as (

    select
        submitted.*,
        followed.reached_prior_auth_id as chain_id,
        row_number() over (
            partition by followed.reached_prior_auth_id
            order by
                submitted.submitted_at desc,
                submitted.attempt_number desc nulls last,
                submitted.prior_auth_id desc
        ) as rank_from_last,
        row_number() over (
            partition by followed.reached_prior_auth_id
            order by submitted.submitted_at asc, submitted.prior_auth_id asc
        ) as rank_from_first
    from submitted
    inner join step_{{ var('appeal_chain_doublings') }} as followed
        on submitted.prior_auth_id = followed.prior_auth_id

),

prior_auths_chained as (

    select
        prior_auth_id,
        case_id,
        chain_id,
        payer_id,
        result,
        denial_reason,
        rank_from_last,
        parent_prior_auth_id is not null as is_appeal,
        coalesce(result in ('approved', 'modified', 'denied'), false) as is_decided,
        coalesce(result in ('approved', 'modified'), false) as is_granted,
        chain_id = prior_auth_id as is_first_request,
        rank_from_first = 1 as is_chain_opener,
        rank_from_last = 1 as is_last_of_chain,
        authorization_ends_on,
        submitted_at,
        responded_at,
        source_row_id
    from ranked

)

select * from prior_auths_chained
