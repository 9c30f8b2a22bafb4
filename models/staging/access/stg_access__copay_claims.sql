-- One row per copay assistance claim of a hub case, in the version in force.

with

source as (

    select * from {{ source('access', 'copay_assist') }}
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
        {{ typed('claim_id') }} as copay_claim_id,
        {{ typed('case_id') }} as case_id,
        {{ typed('amount') }} as assistance_value,
        {{ typed('max_out_flag') }} as is_maxed_out,
        {{ typed('claim_date') }} as claimed_on,
        {{ typed('modified_ts') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
