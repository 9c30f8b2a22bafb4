-- One row per obstacle to a patient start that the field found, in the version in force.

with

source as (

    select * from {{ source('crm', 'access_barrier__c') }}
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
        {{ typed('Id') }} as barrier_id,
        {{ typed('Account_vod__c') }} as account_id,
        {{ typed('OwnerId') }} as owner_staff_id,
        {{ typed('Hub_Case_Id__c') }} as hub_case_id,
        {{ typed('Barrier_Type__c') }} as barrier_type,
        {{ typed('Escalated_To__c') }} as escalated_to,
        {{ typed('Resolution__c') }} as resolution,
        {{ typed('Identified_Date__c') }} as identified_at,
        {{ typed('Escalated_Date__c') }} as escalated_at,
        {{ typed('Resolved_Date__c') }} as resolved_at,
        {{ typed('SystemModstamp') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
