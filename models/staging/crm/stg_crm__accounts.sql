-- One row per account (HCP or organisation), in the version in force.

-- Deleted accounts stay, flagged: the loser of a merge is deleted in the CRM, and without its row
-- the history written under its old id would lose its customer.

with

account_versions as (

    select * from {{ ref('stg_crm__account_versions') }}

),

latest as (

    select
        account_id,
        merged_into_account_id,
        parent_account_id,
        npi,
        account_name,
        specialty,
        credentials,
        segment,
        do_not_call,
        territories,
        state,
        zip3,
        master_status,
        is_person,
        is_key_opinion_leader,
        is_pdrp_opt_out,
        is_deleted,
        pdrp_opted_out_on,
        created_at,
        modified_at,
        unparsed_values,
        file_delivered_on,
        source_row_id
    from account_versions
    where version_rank = 1

)

select * from latest
