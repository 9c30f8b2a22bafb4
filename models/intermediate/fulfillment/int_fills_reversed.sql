-- One row per fill that was paid and taken back: a reversal followed, and no claim of it stands.

with

primary_claims as (

    select * from {{ ref('int_primary_claims') }}

),

ndcs_matched as (

    select * from {{ ref('int_ndcs_matched') }}

),

-- Paid again after the reversal it stands, shipped or not yet: only the latest payment says.
paid_claims as (

    select
        *,
        row_number() over (
            partition by fill_id
            order by
                transaction_at desc,
                modified_at desc nulls last,
                payer_sequence desc nulls last
        ) as claim_rank
    from primary_claims
    where is_paid

),

fills_reversed as (

    select
        paid_claims.fill_id,
        paid_claims.pharmacy_id,
        ndcs_matched.product_id,
        cast(paid_claims.fill_reversed_at as date) as reversed_on,
        paid_claims.source_row_id
    from paid_claims
    left join ndcs_matched
        on paid_claims.ndc = ndcs_matched.ndc
    where
        paid_claims.claim_rank = 1
        and paid_claims.transaction_at < paid_claims.fill_reversed_at

)

select * from fills_reversed
