-- One row per customer, month in which the customer is active and a fit is known, and quarter
-- ahead: what is expected to stay and to be lost, and what was.

-- Amounts are cast before they are added up: sums of doubles would depend on the order of rows.

{% set drivers = cvar_drivers() -%}
with

covariates as (

    select * from {{ ref('int_cvar_covariates') }}

),

fits as (

    select * from {{ ref('int_cvar_fits') }}

),

coefficients as (

    select * from {{ ref('stg_calibration__coefficients') }}

),

covariances as (

    select * from {{ ref('stg_calibration__covariances') }}

),

experience_reference as (

    select * from {{ ref('experience_reference') }}

),

promise_levels as (

    select
        {{ cvar_promise_levels() }}
    from experience_reference

),

coefficients_wide as (

    select
        {% for term in cvar_terms() -%}
        max(case when term = '{{ term }}' then coefficient end) as coefficient_{{ term }},
        {% endfor -%}
        fitted_as_of,
        quarter
    from coefficients
    group by fitted_as_of, quarter

),

-- Each pair stands in the matrix twice.
covariances_wide as (

    select
        {% for term in cvar_terms() -%}
        {% for other in cvar_terms()[:loop.index] -%}
        max(
            case
                when term = '{{ other }}' and other_term = '{{ term }}'
                    then {{ 1 if other == term else 2 }} * covariance
            end
        ) as covariance_{{ other }}_{{ term }},
        {% endfor -%}
        {% endfor -%}
        fitted_as_of,
        quarter
    from covariances
    group by fitted_as_of, quarter

),

indexed as (

    select
        covariates.*,
        1 as intercept,
        {% for driver in drivers -%}
        promise_levels.reference_{{ driver }},
        {% endfor -%}
        fits.quarter,
        fits.keeps_experience,
        3 * cast(covariates.run_rate as double) as exposure,
        {{ discount('fits.quarter') }} as discount,
        {% for term in cvar_terms() -%}
        {% for other in cvar_terms()[:loop.index] -%}
        covariances_wide.covariance_{{ other }}_{{ term }},
        {% endfor -%}
        {% endfor -%}
        {% for driver in drivers -%}
        coefficients_wide.coefficient_{{ driver }}
        * (promise_levels.reference_{{ driver }} - covariates.{{ driver }}) as shift_{{ driver }},
        coefficients_wide.coefficient_{{ driver }},
        {% endfor -%}
        {{ cvar_linear_index('coefficients_wide', 'covariates') }} as linear_index
    from covariates
    inner join fits
        on covariates.month = fits.month
    inner join coefficients_wide
        on
            fits.fitted_as_of = coefficients_wide.fitted_as_of
            and fits.quarter = coefficients_wide.quarter
    inner join covariances_wide
        on
            fits.fitted_as_of = covariances_wide.fitted_as_of
            and fits.quarter = covariances_wide.quarter
    cross join promise_levels

),

shifted as (

    select
        *,
        shift_{{ drivers | join(' + shift_') }} as shift
    from indexed

),

shares as (

    select
        *,
        exposure * discount as weight,
        1 / (1 + exp(-linear_index)) as retained_share,
        1 / (1 + exp(-(linear_index + shift))) as reference_share,
        case quarter
            {% for quarter in [1, 2, 3, 4] -%}
            when {{ quarter }} then retained_share_{{ quarter }}
            {% endfor -%}
        end as realized_share,
        case quarter
            {% for quarter in [1, 2, 3, 4] -%}
            when {{ quarter }} then quarter_{{ quarter }}_value
            {% endfor -%}
        end as actual_value
    from shifted

),

slopes as (

    select
        *,
        retained_share * (1 - retained_share) as slope,
        reference_share * (1 - reference_share) as reference_slope
    from shares

),

gradients as (

    select
        *,
        {% for term in ['intercept'] + cvar_baseline() -%}
        (reference_slope - slope) * {{ term }} as gradient_{{ term }},
        {% endfor -%}
        {% for driver in drivers -%}
        reference_slope * reference_{{ driver }} - slope * {{ driver }} as gradient_{{ driver }},
        {% endfor -%}
        -- Where the way is short, its share of a driver would be 0 / 0.
        case
            when abs(shift) < 1e-9 then weight * slope
            else weight * (reference_share - retained_share) / shift
        end as value_per_shift
    from slopes

),

cvar_quarters_scored as (

    select
        customer_id,
        month,
        quarter,
        run_rate,
        keeps_experience,
        retained_share,
        reference_share,
        realized_share,
        actual_value,
        cast(weight * (1 - retained_share) as {{ fine_money_type() }}) as gross_cvar,
        cast(
            weight * slope * sqrt({{ cvar_variance('') }}) as {{ fine_money_type() }}
        ) as gross_cvar_error,
        cast(weight * (reference_share - retained_share) as {{ fine_money_type() }})
            as experience_gap,
        cast(
            weight * sqrt({{ cvar_variance('gradient_') }}) as {{ fine_money_type() }}
        ) as experience_gap_error,
        {% for driver in drivers -%}
        cast(value_per_shift * shift_{{ driver }} as {{ fine_money_type() }})
            as contribution_{{ driver }},
        {% endfor -%}
        exposure * (1 - retained_share) as predicted_loss,
        exposure * (1 - realized_share) as realized_loss,
        exposure * retained_share as expected_value
    from gradients

)

select * from cvar_quarters_scored
