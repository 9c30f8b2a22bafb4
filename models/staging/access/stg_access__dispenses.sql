-- One row per claim transaction of a specialty pharmacy, in the version in force.

with

source as (

    select * from {{ source('access', 'sp_dispense') }}
    where {{ is_known_record() }}

),

ranked as (

    select
        *,
        row_number() over ({{ newest_version_first() }}) as version_rank
    from source

),

latest as (

    select * from ranked
    where
        version_rank = 1
        and not {{ is_deleted_version() }}
        and {{ is_consented(typed('case_id')) }}

),

renamed as (

    select
        {{ typed('sp_id') }} as pharmacy_id,
        {{ typed('rx_number') }} as rx_number,
        {{ typed('case_id') }} as case_id,
        {{ patient_key('patient_token') }} as patient_key,
        {{ typed('prescriber_npi') }} as prescriber_npi,
        {{ typed('ndc11') }} as ndc,
        {{ typed('transaction_code') }} as transaction_code,
        {{ typed('record_indicator') }} as record_indicator,
        {{ typed('claim_status') }} as claim_status,
        coalesce({{ typed('dispense_type') }}, 'COMMERCIAL') as dispense_type,
        {{ typed('reject_code') }} as reject_code,
        {{ typed('fill_number') }} as fill_number,
        {{ typed('payer_sequence') }} as payer_sequence,
        cast({{ typed('quantity') }} as decimal(18, 3)) as quantity,
        {{ typed('days_supply') }} as days_supply,
        {{ typed('patient_pay') }} as patient_pay_value,
        {{ typed('copay_card_amt') }} as copay_card_value,
        {{ typed('date_written') }} as written_on,
        {{ typed('ship_date') }} as shipped_on,
        {{ typed('delivered_date') }} as delivered_on,
        {{ typed('transaction_ts') }} as transaction_at,
        {{ typed('modified_ts') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
