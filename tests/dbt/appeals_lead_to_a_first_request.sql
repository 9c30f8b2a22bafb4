-- The chain of an appeal is named after a first request, delivered or not, and never after another
-- appeal: then appeals name each other in a circle, or the chain is longer than is followed.
{{ config(
    severity='warn',
    meta={'remedy': 'Appeals that name each other in a circle are counted as chains of their own: '
        ~ 'have parent_pa_id corrected and access/prior_auth delivered again. If a chain is truly '
        ~ 'that long, raise `appeal_chain_doublings`.'}
) }}
with

prior_auths as (

    select * from {{ ref('int_prior_auths_chained') }}

)

select
    appeals.prior_auth_id,
    appeals.case_id,
    appeals.chain_id
from prior_auths as appeals
inner join prior_auths as chain_tops
    on appeals.chain_id = chain_tops.prior_auth_id
where chain_tops.is_appeal
