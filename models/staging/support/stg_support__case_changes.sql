-- One row per change of one field of a support case, in the version in force.

with

source as (

    select * from {{ source('support', 'case_history') }}
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
        {{ typed('Id') }} as case_change_id,
        {{ typed('CaseId') }} as support_case_id,
        {{ typed('Field') }} as field,
        case
            when {{ typed('Field') }} in ('Status', 'Priority') then {{ typed('OldValue') }}
        end as old_value,
        case
            when {{ typed('Field') }} in ('Status', 'Priority') then {{ typed('NewValue') }}
        end as new_value,
        {{ typed('CreatedDate') }} as changed_at,
        {{ unparsed_values() }} as unparsed_values,
        _delivered_on as file_delivered_on,
        {{ source_row_id() }} as source_row_id
    from latest

)

select * from renamed
