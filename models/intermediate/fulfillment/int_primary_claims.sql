-- One row per primary claim by the as-of date: the fill it is for, and when that was last reversed.

-- Secondary claims pay a share of the same shipment: they are no fills and undo none.

with

dispenses as (

    select * from {{ ref('stg_access__dispenses') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

claims as (

    select
        {{ fill_id('dispenses') }} as fill_id,
        dispenses.*
    from dispenses
    cross join reporting_period
    where
        coalesce(dispenses.payer_sequence, 1) = 1
        and dispenses.transaction_at < reporting_period.ends_before

),

primary_claims as (

    select
        fill_id,
        pharmacy_id,
        rx_number,
        fill_number,
        case_id,
        patient_key,
        prescriber_npi,
        ndc,
        transaction_code,
        coalesce(transaction_code = 'B1' and claim_status = '1', false) as is_paid,
        dispense_type,
        quantity,
        days_supply,
        shipped_on,
        delivered_on,
        max(case when transaction_code = 'B2' then transaction_at end)
            over (partition by fill_id) as fill_reversed_at,
        transaction_at,
        modified_at,
        payer_sequence,
        source_row_id
    from claims

)

select * from primary_claims
