-- One row per prior authorisation request or appeal, in the version in force.

with

source as (

    select * from {{ source('access', 'prior_auth') }}
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
        {{ typed('pa_id') }} as prior_auth_id,
        {{ typed('case_id') }} as case_id,
        {{ typed('parent_pa_id') }} as parent_prior_auth_id,
        {{ typed('payer_id') }} as payer_id,
        {{ typed('method') }} as method,
        {{ typed('urgency') }} as urgency,
        {{ typed('action_code') }} as action_code,
        {{ typed('final_result') }} as final_result,
        {{ typed('denial_reason') }} as denial_reason,
        {{ typed('attempt_no') }} as attempt_number,
        {{ typed('auth_end_date') }} as authorization_ends_on,
        {{ typed('submitted_ts') }} as submitted_at,
        {{ typed('response_ts') }} as responded_at,
        {{ typed('modified_ts') }} as modified_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
