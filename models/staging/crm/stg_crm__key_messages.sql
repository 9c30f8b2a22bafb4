-- One row per key message delivered in a call, in the version in force.

with

source as (

    select * from {{ source('crm', 'call2_key_message_vod__c') }}
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
        {{ typed('Id') }} as key_message_id,
        {{ typed('Call2_vod__c') }} as call_id,
        {{ typed('Account_vod__c') }} as account_id,
        {{ typed('Product_vod__c') }} as product_id,
        {{ typed('Reaction_vod__c') }} as reaction,
        {{ typed('SystemModstamp') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
