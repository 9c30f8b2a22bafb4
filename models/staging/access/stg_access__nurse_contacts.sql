-- One row per contact, or attempt at one, between a nurse and a patient, in the version in force.

with

source as (

    select * from {{ source('access', 'nurse_contact') }}
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
        {{ typed('contact_id') }} as nurse_contact_id,
        {{ typed('case_id') }} as case_id,
        {{ typed('channel') }} as channel,
        {{ typed('direction') }} as direction,
        {{ typed('outcome') }} as outcome,
        {{ typed('duration_s') }} as duration_seconds,
        {{ typed('start_ts') }} as started_at,
        {{ typed('modified_ts') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
