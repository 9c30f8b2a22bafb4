-- One row per hub case with a primary claim: the pharmacy that was first to bill for it.

-- The pharmacy of a fill is not known for a case that never got one: the first claim knows it, paid
-- or not.

with

dispenses as (

    select * from {{ ref('stg_access__dispenses') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

ranked_claims as (

    select
        dispenses.case_id,
        dispenses.pharmacy_id,
        row_number() over (
            partition by dispenses.case_id
            order by
                dispenses.transaction_at asc,
                dispenses.pharmacy_id asc nulls first,
                dispenses.rx_number asc
        ) as claim_rank
    from dispenses
    cross join reporting_period
    where
        dispenses.case_id is not null
        and dispenses.transaction_code = 'B1'
        and coalesce(dispenses.payer_sequence, 1) = 1
        and dispenses.transaction_at < reporting_period.ends_before

),

case_pharmacies as (

    select
        case_id,
        pharmacy_id
    from ranked_claims
    where claim_rank = 1

)

select * from case_pharmacies
