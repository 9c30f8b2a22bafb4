-- One row per hub case whose patient revoked consent, by its version in force.

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
        and {{ typed('consent_status') }} = 'REVOKED'

),

renamed as (

    select {{ typed('case_id') }} as case_id
    from latest

)

select * from renamed
