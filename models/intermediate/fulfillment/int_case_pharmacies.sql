-- One row per hub case with a primary claim: the pharmacy that was first to bill for it.

-- The pharmacy of a fill is not known for a case that never got one: the first claim knows it, paid
-- or not.

with

primary_claims as (

    select * from {{ ref('int_primary_claims') }}

),

ranked_claims as (

    select
        case_id,
        pharmacy_id,
        row_number() over (
            partition by case_id
            order by
                transaction_at asc,
                pharmacy_id asc nulls first,
                rx_number asc
        ) as claim_rank
    from primary_claims
    where
        case_id is not null
        and transaction_code = 'B1'

),

case_pharmacies as (

    select
        case_id,
        pharmacy_id
    from ranked_claims
    where claim_rank = 1

)

select * from case_pharmacies
