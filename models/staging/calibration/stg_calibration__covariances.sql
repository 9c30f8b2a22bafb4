-- One row per origin month, quarter ahead and unordered pair of terms: how they were estimated
-- together.

with

source as (

    select * from {{ source('calibration', 'cvar_covariances') }}

),

renamed as (

    select
        term,
        other_term,
        quarter,
        covariance,
        fitted_as_of
    from source

)

select * from renamed
