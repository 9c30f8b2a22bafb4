-- One row per delivered version of an account (HCP or organisation).

with

source as (

    select * from {{ source('crm', 'account') }}
    where {{ is_known_record() }}

),

renamed as (

    select
        {{ typed('Id') }} as account_id,
        {{ typed('MasterRecordId') }} as merged_into_account_id,
        {{ typed('Primary_Parent_vod__c') }} as parent_account_id,
        {{ typed('NPI_vod__c') }} as npi,
        {{ typed('Name') }} as account_name,
        {{ typed('Specialty_1_vod__c') }} as specialty,
        {{ typed('Credentials_vod__c') }} as credentials,
        {{ typed('Segmentations_vod__c') }} as segment,
        {{ typed('Do_Not_Call_vod__c') }} as do_not_call,
        {{ typed('Territory_vod__c') }} as territories,
        {{ typed('State__c') }} as state,
        {{ typed('Zip3__c') }} as zip3,
        {{ typed('Customer_Master_Status_vod__c') }} as master_status,
        coalesce({{ typed('IsPersonAccount') }}, false) as is_person,
        {{ typed('KOL_vod__c') }} as is_key_opinion_leader,
        {{ typed('PDRP_Opt_Out_vod__c') }} as is_pdrp_opt_out,
        {{ is_deleted_version() }} as is_deleted,
        {{ typed('PDRP_Opt_Out_Date_vod__c') }} as pdrp_opted_out_on,
        {{ typed('CreatedDate') }} as created_at,
        {{ typed('SystemModstamp') }} as modified_at,
        row_number() over ({{ newest_version_first() }}) as version_rank,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from source

)

select * from renamed
