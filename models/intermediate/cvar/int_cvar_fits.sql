-- One row per month of the panel with a fit, and quarter ahead: the model in force.

with

months as (

    select * from {{ ref('int_months') }}

),

coefficients as (

    select * from {{ ref('stg_calibration__coefficients') }}

),

fits as (

    select distinct
        model_version,
        fitted_as_of,
        quarter,
        keeps_experience
    from coefficients

),

-- The latest fit that a month could know: every score is out of sample.
months_fitted as (

    select
        months.month,
        max(fits.fitted_as_of) as fitted_as_of
    from months
    inner join fits
        on months.month >= fits.fitted_as_of
    group by months.month

),

cvar_fits as (

    select
        fits.model_version,
        months_fitted.month,
        fits.quarter,
        fits.keeps_experience,
        fits.fitted_as_of
    from months_fitted
    inner join fits
        on months_fitted.fitted_as_of = fits.fitted_as_of

)

select * from cvar_fits
