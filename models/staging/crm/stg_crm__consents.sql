-- One row per captured consent decision, in the version in force.

with

source as (

    select * from {{ source('crm', 'multichannel_consent_vod__c') }}
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
        {{ typed('Id') }} as consent_id,
        {{ typed('Account_vod__c') }} as account_id,
        {{ typed('Product_vod__c') }} as product_id,
        {{ typed('Opt_Type_vod__c') }} as opt_type,
        {{ typed('Content_Type_vod__c') }} as content_type,
        coalesce({{ typed('Channel_Value_vod__c') }} like '%@%', true) as is_for_email,
        {{ typed('Opt_Expiration_Date_vod__c') }} as expires_on,
        {{ typed('Capture_Datetime_vod__c') }} as captured_at,
        {{ typed('SystemModstamp') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
