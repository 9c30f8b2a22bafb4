-- One row per support case, in the version in force.

with

source as (

    select * from {{ source('support', 'case') }}
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
        {{ typed('Id') }} as support_case_id,
        {{ typed('AccountId') }} as account_id,
        {{ typed('Hub_Case_Id__c') }} as hub_case_id,
        {{ typed('OwnerId') }} as owner_staff_id,
        {{ typed('CaseNumber') }} as case_number,
        {{ typed('Type') }} as case_type,
        {{ typed('Origin') }} as origin,
        {{ typed('Priority') }} as priority,
        {{ typed('Status') }} as status,
        {{ typed('IsEscalated') }} as is_escalated,
        {{ typed('CreatedDate') }} as created_at,
        {{ typed('First_Response_Date__c') }} as first_responded_at,
        {{ typed('ClosedDate') }} as closed_at,
        {{ typed('Safety_Forwarded_Date__c') }} as safety_forwarded_at,
        {{ typed('SystemModstamp') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
