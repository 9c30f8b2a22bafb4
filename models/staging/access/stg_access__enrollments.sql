-- One row per hub case, in the version in force.

with

source as (

    select * from {{ source('access', 'hub_enrollment') }}
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
        and {{ is_consented(typed('case_id')) }}

),

renamed as (

    select
        {{ typed('case_id') }} as case_id,
        {{ patient_key('patient_token') }} as patient_key,
        {{ typed('hcp_npi') }} as hcp_npi,
        {{ typed('ndc11') }} as ndc,
        {{ typed('payer_id') }} as payer_id,
        coalesce({{ typed('case_type') }}, 'NEW') as case_type,
        {{ typed('payer_type') }} as payer_type,
        {{ typed('referral_source') }} as referral_source,
        {{ typed('consent_status') }} as consent_status,
        {{ typed('missing_info_reason') }} as missing_info_reason,
        {{ typed('close_reason') }} as close_reason,
        {{ typed('received_ts') }} as received_at,
        {{ typed('consent_ts') }} as consent_status_at,
        {{ typed('enrolled_ts') }} as enrolled_at,
        {{ typed('closed_ts') }} as closed_at,
        {{ typed('modified_ts') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
