-- One row per account's place at an event, in the version in force.

with

source as (

    select * from {{ source('crm', 'em_attendee_vod__c') }}
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
        {{ typed('Id') }} as event_attendee_id,
        {{ typed('Account_vod__c') }} as account_id,
        {{ typed('Event_vod__c') }} as event_id,
        {{ typed('Status_vod__c') }} as status,
        {{ typed('Event_Start__c') }} as event_starts_at,
        {{ typed('SystemModstamp') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
