-- One row per portal or web session of an account, in the version in force.

with

source as (

    select * from {{ source('crm', 'multichannel_activity_vod__c') }}
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
        {{ typed('Id') }} as digital_activity_id,
        {{ typed('Account_vod__c') }} as account_id,
        {{ typed('Call_vod__c') }} as call_id,
        {{ typed('Session_Id_vod__c') }} as session_id,
        {{ typed('Site_vod__c') }} as site,
        {{ typed('Total_Duration_vod__c') }} as duration_seconds,
        {{ typed('Start_DateTime_vod__c') }} as started_at,
        {{ typed('SystemModstamp') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
