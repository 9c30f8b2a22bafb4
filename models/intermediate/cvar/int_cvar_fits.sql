-- One row per month of the panel with a fit, and quarter ahead: the model in force, coefficients and
-- covariances side by side.

with

months as (

    select * from {{ ref('int_months') }}

),

coefficients as (

    select * from {{ ref('stg_calibration__coefficients') }}

),

covariances as (

    select * from {{ ref('stg_calibration__covariances') }}

),

coefficients_wide as (

    select
        {% for term in cvar_terms() -%}
        max(case when term = '{{ term }}' then coefficient end) as coefficient_{{ term }},
        {% endfor -%}
        model_version,
        fitted_as_of,
        quarter,
        keeps_experience
    from coefficients
    group by model_version, fitted_as_of, quarter, keeps_experience

),

covariances_wide as (

    select
        {% for term in cvar_terms() -%}
        {% for other in cvar_terms()[:loop.index] -%}
        max(case when term = '{{ other }}' and other_term = '{{ term }}' then covariance end)
            as covariance_{{ other }}_{{ term }},
        {% endfor -%}
        {% endfor -%}
        fitted_as_of,
        quarter
    from covariances
    group by fitted_as_of, quarter

),

-- The latest fit that a month could know: every score is out of sample.
months_fitted as (

    select
        months.month,
        max(coefficients_wide.fitted_as_of) as fitted_as_of
    from months
    inner join coefficients_wide
        on months.month >= coefficients_wide.fitted_as_of
    group by months.month

),

cvar_fits as (

    select
        months_fitted.month,
        coefficients_wide.quarter,
        coefficients_wide.model_version,
        coefficients_wide.fitted_as_of,
        coefficients_wide.keeps_experience,
        {% for term in cvar_terms() -%}
        coefficients_wide.coefficient_{{ term }},
        {% endfor -%}
        {% for term in cvar_terms() -%}
        {% for other in cvar_terms()[:loop.index] -%}
        covariances_wide.covariance_{{ other }}_{{ term }},
        {% endfor -%}
        {% endfor -%}
        {{ discount('coefficients_wide.quarter') }} as discount
    from months_fitted
    inner join coefficients_wide
        on months_fitted.fitted_as_of = coefficients_wide.fitted_as_of
    inner join covariances_wide
        on
            coefficients_wide.fitted_as_of = covariances_wide.fitted_as_of
            and coefficients_wide.quarter = covariances_wide.quarter

)

select * from cvar_fits
