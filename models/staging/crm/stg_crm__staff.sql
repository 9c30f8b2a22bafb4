-- One row per field or inside staff member, in the version in force.

with

source as (

    select * from {{ source('crm', 'user') }}
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
        {{ typed('Id') }} as staff_id,
        {{ typed('User_Type_vod__c') }} as user_type,
        {{ typed('Territory__c') }} as territory,
        {{ typed('IsActive') }} as is_active,
        {{ typed('CreatedDate') }} as created_at,
        {{ typed('SystemModstamp') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
