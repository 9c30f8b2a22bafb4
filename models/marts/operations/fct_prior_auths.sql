-- One row per chain of a prior authorisation request and its appeals: what was asked of the payer,
-- what came of it, and how long that took.

with

prior_auths as (

    select * from {{ ref('int_prior_auths_chained') }}

),

cases as (

    select * from {{ ref('int_cases_followed') }}

),

chains as (

    select
        chain_id,
        count(*) as attempts,
        count(*) filter (where is_appeal) as appeals
    from prior_auths
    group by chain_id

),

openers as (

    select * from prior_auths
    where is_chain_opener

),

first_requests as (

    select * from prior_auths
    where is_first_request

),

last_attempts as (

    select * from prior_auths
    where is_last_of_chain

),

appeals_ranked as (

    select
        *,
        row_number() over (
            partition by chain_id
            order by rank_from_last
        ) as appeal_rank
    from prior_auths
    where is_appeal

),

last_appeals as (

    select * from appeals_ranked
    where appeal_rank = 1

),

denials_ranked as (

    select
        *,
        row_number() over (
            partition by chain_id
            order by responded_at desc, prior_auth_id desc
        ) as denial_rank
    from prior_auths
    where result = 'denied'

),

last_denials as (

    select * from denials_ranked
    where denial_rank = 1

),

-- A chain belongs to the case of its opener, should its appeals name another one.
fct_prior_auths as (

    select
        chains.chain_id,
        openers.case_id,
        cases.customer_id,
        cases.product_id,
        cases.territory,
        coalesce(openers.payer_id, cases.payer_id) as payer_id,
        cases.payer_type,
        cast(chains.attempts as {{ dbt.type_bigint() }}) as attempts,
        cast(chains.appeals as {{ dbt.type_bigint() }}) as appeals,
        first_requests.result as first_result,
        last_attempts.result as final_result,
        last_denials.denial_reason,
        case
            when chains.appeals > 0 then coalesce(last_appeals.result, 'pending')
        end as appeal_outcome,
        case when first_requests.is_decided then first_requests.is_granted end as is_first_pass,
        case when last_attempts.is_decided then last_attempts.is_granted end as is_approved,
        case
            when first_requests.is_decided
                then {{ whole_days('first_requests.submitted_at', 'first_requests.responded_at') }}
        end as days_to_first_decision,
        case
            when last_attempts.is_decided
                then {{ whole_days('openers.submitted_at', 'last_attempts.responded_at') }}
        end as days_to_decision,
        case
            when last_attempts.is_granted then last_attempts.authorization_ends_on
        end as approval_ends_on,
        openers.submitted_at,
        case when last_attempts.is_decided then last_attempts.responded_at end as decided_at,
        openers.source_row_id
    from chains
    inner join openers
        on chains.chain_id = openers.chain_id
    inner join last_attempts
        on chains.chain_id = last_attempts.chain_id
    inner join cases
        on openers.case_id = cases.case_id
    left join first_requests
        on chains.chain_id = first_requests.chain_id
    left join last_appeals
        on chains.chain_id = last_appeals.chain_id
    left join last_denials
        on chains.chain_id = last_denials.chain_id

)

select * from fct_prior_auths
