-- One row per product discussed in a call, in the version in force.

with

source as (

    select * from {{ source('crm', 'call2_detail_vod__c') }}
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
        {{ typed('Id') }} as call_detail_id,
        {{ typed('Call2_vod__c') }} as call_id,
        {{ typed('Product_vod__c') }} as product_id,
        {{ typed('Detail_Priority_vod__c') }} as detail_priority,
        {{ typed('SystemModstamp') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
