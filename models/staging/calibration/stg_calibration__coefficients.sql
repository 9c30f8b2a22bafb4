-- One row per origin month, quarter ahead and term: the coefficient in force.

with

source as (

    select * from {{ source('calibration', 'cvar_coefficients') }}

),

renamed as (

    select
        model_version,
        term,
        quarter,
        coefficient,
        keeps_experience,
        fitted_as_of
    from source

)

select * from renamed
