-- One row per status event of a hub case, in the version in force.

with

source as (

    select * from {{ source('access', 'hub_status_history') }}
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
        {{ typed('case_id') }} as case_id,
        {{ typed('agent_id') }} as agent_id,
        {{ typed('status') }} as status,
        {{ typed('sub_status') }} as sub_status,
        {{ typed('owner_org') }} as owner_org,
        {{ typed('seq') }} as seq,
        {{ typed('status_ts') }} as status_at,
        {{ typed('load_ts') }} as recorded_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
