-- One row per benefit verification of a hub case, in the version in force.

with

source as (

    select * from {{ source('access', 'benefit_verification') }}
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
        {{ typed('bv_id') }} as benefit_verification_id,
        {{ typed('case_id') }} as case_id,
        {{ typed('coverage_type') }} as coverage_type,
        {{ typed('outcome') }} as outcome,
        {{ typed('copay_amt') }} as copay_value,
        {{ typed('requested_ts') }} as requested_at,
        {{ typed('completed_ts') }} as completed_at,
        {{ typed('modified_ts') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
