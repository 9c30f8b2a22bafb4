-- One row per e-mail to one account, in the version in force.

with

source as (

    select * from {{ source('crm', 'sent_email_vod__c') }}
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
        {{ typed('Id') }} as sent_email_id,
        {{ typed('Account_vod__c') }} as account_id,
        {{ typed('OwnerId') }} as owner_staff_id,
        {{ typed('Product_vod__c') }} as product_id,
        {{ typed('Campaign__c') }} as campaign,
        {{ typed('Status_vod__c') }} as status,
        {{ typed('Open_Count_vod__c') }} as open_count,
        {{ typed('Click_Count_vod__c') }} as click_count,
        {{ typed('Opened_vod__c') }} as is_opened,
        {{ typed('Clicked_vod__c') }} as is_clicked,
        {{ typed('Email_Sent_Date_vod__c') }} as sent_at,
        {{ typed('Last_Activity_Date_vod__c') }} as last_activity_at,
        {{ typed('SystemModstamp') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
