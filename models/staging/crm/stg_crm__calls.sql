-- One row per field call, or attendee's part in a group call, in the version in force.

with

source as (

    select * from {{ source('crm', 'call2_vod__c') }}
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
        {{ typed('Id') }} as call_id,
        {{ typed('Account_vod__c') }} as account_id,
        {{ typed('OwnerId') }} as owner_staff_id,
        {{ typed('Parent_Call_vod__c') }} as parent_call_id,
        {{ typed('Status_vod__c') }} as status,
        {{ typed('Call_Channel_vod__c') }} as channel,
        {{ typed('Call_Type_vod__c') }} as call_type,
        {{ typed('Attendee_Type_vod__c') }} as attendee_type,
        {{ typed('Duration_vod__c') }} as duration_minutes,
        {{ typed('Is_Parent_Call_vod__c') }} as is_parent_call,
        {{ typed('Call_Datetime_vod__c') }} as occurred_at,
        {{ typed('SystemModstamp') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
