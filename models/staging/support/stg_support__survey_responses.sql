-- One row per survey response, in the version in force.

with

source as (

    select * from {{ source('support', 'survey_response') }}
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
        {{ typed('ResponseId') }} as survey_response_id,
        {{ typed('AccountId') }} as account_id,
        {{ typed('CaseId') }} as support_case_id,
        {{ typed('HubCaseId') }} as hub_case_id,
        {{ typed('Touchpoint') }} as touchpoint,
        {{ typed('Emotion') }} as emotion,
        {{ typed('CSAT') }} as csat,
        {{ typed('CES') }} as ces,
        {{ typed('NPS') }} as nps,
        {{ typed('Finished') }} as is_finished,
        {{ typed('RecordedDate') }} as recorded_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
