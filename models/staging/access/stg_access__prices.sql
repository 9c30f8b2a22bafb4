-- One row per net price of a product and payer type from a day on, in the version in force.

with

source as (

    select * from {{ source('access', 'product_price') }}
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

),

renamed as (

    select
        {{ typed('ndc11') }} as ndc,
        {{ typed('payer_type') }} as payer_type,
        {{ typed('net_unit_price') }} as net_unit_price,
        {{ typed('margin_rate') }} as margin_rate,
        {{ typed('valid_from') }} as valid_from,
        {{ typed('modified_ts') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
