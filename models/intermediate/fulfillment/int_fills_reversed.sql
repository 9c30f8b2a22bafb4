-- One row per fill that was paid and taken back: a reversal followed, and no claim of it stands.

with

dispenses as (

    select * from {{ ref('stg_access__dispenses') }}

),

ndcs_matched as (

    select * from {{ ref('int_ndcs_matched') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

primary_claims as (

    select
        {{ fill_id('dispenses') }} as fill_id,
        dispenses.*
    from dispenses
    cross join reporting_period
    where
        coalesce(dispenses.payer_sequence, 1) = 1
        and dispenses.transaction_at < reporting_period.ends_before

),

reversals as (

    select
        fill_id,
        max(transaction_at) as last_reversed_at
    from primary_claims
    where transaction_code = 'B2'
    group by fill_id

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
    where
        transaction_code = 'B1'
        and claim_status = '1'

),

fills_reversed as (

    select
        paid_claims.fill_id,
        paid_claims.pharmacy_id,
        ndcs_matched.product_id,
        cast(reversals.last_reversed_at as date) as reversed_on,
        paid_claims.source_row_id
    from paid_claims
    inner join reversals
        on
            paid_claims.fill_id = reversals.fill_id
            and paid_claims.transaction_at < reversals.last_reversed_at
    left join ndcs_matched
        on paid_claims.ndc = ndcs_matched.ndc
    where paid_claims.claim_rank = 1

)

select * from fills_reversed
