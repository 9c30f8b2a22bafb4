-- One row per medical inquiry, in the version in force.

with

source as (

    select * from {{ source('crm', 'medical_inquiry_vod__c') }}
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
        {{ typed('Id') }} as inquiry_id,
        {{ typed('Account_vod__c') }} as account_id,
        {{ typed('OwnerId') }} as owner_staff_id,
        {{ typed('Product_vod__c') }} as product_id,
        {{ typed('Status_vod__c') }} as status,
        {{ typed('Delivery_Method_vod__c') }} as delivery_method,
        {{ typed('Submitted_Date__c') }} as submitted_at,
        {{ typed('Fulfilled_Date__c') }} as fulfilled_at,
        {{ typed('SystemModstamp') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
