-- One row per product, in the version in force.

with

source as (

    select * from {{ source('crm', 'product_vod__c') }}
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
        {{ typed('Id') }} as product_id,
        {{ typed('NDC11__c') }} as ndc,
        {{ typed('Name') }} as product_name,
        {{ typed('Product_Type_vod__c') }} as product_type,
        {{ typed('Launch_Date__c') }} as launched_on,
        {{ typed('SystemModstamp') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
