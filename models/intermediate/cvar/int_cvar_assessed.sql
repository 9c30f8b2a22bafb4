-- One row per customer and month: what of the forward value is at risk, and how much of that goes
-- with experience below its promise level.

with

valued as (

    select * from {{ ref('int_customer_months_valued') }}

),

scored as (

    select * from {{ ref('int_cvar_scored') }}

),

fits as (

    select * from {{ ref('int_cvar_fits') }}

),

relationships as (

    select * from {{ ref('int_relationships_scored') }}

),

pipeline as (

    select * from {{ ref('int_pipeline_valued') }}

),

open_barriers as (

    select * from {{ ref('int_barrier_months') }}

),

profiles as (

    select * from {{ ref('int_customer_months_profiled') }}

),

fits_in_force as (

    select distinct
        month,
        model_version,
        fitted_as_of,
        keeps_experience
    from fits

),

-- Whose risk somebody can act on today.
with_obstacles as (

    select
        valued.customer_id,
        valued.month,
        pipeline.customer_id is not null
        or open_barriers.customer_id is not null
        or coalesce(relationships.overdue_promises, 0) > 0 as has_obstacle
    from valued
    left join pipeline
        on
            valued.customer_id = pipeline.customer_id
            and valued.month = pipeline.month
    left join open_barriers
        on
            valued.customer_id = open_barriers.customer_id
            and valued.month = open_barriers.month
    left join relationships
        on
            valued.customer_id = relationships.customer_id
            and valued.month = relationships.month

),

joined as (

    select
        with_obstacles.customer_id,
        with_obstacles.month,
        profiles.specialty,
        profiles.segment,
        profiles.territory,
        profiles.state,
        with_obstacles.has_obstacle,
        fits_in_force.model_version,
        fits_in_force.fitted_as_of,
        fits_in_force.keeps_experience,
        {% for quarter in [1, 2, 3, 4] -%}
        scored.retained_share_q{{ quarter }},
        scored.reference_share_q{{ quarter }},
        {% endfor -%}
        {% for amount in [
            'gross_cvar', 'gross_cvar_low', 'gross_cvar_high', 'experience_gap',
            'experience_cvar_low', 'experience_cvar_high', 'contribution_trust',
            'contribution_overdue',
        ] -%}
        case
            when fits_in_force.month is not null then coalesce(scored.{{ amount }}, 0)
        end as {{ amount }},
        {% endfor -%}
        scored.cvar_rate
    from with_obstacles
    left join fits_in_force
        on with_obstacles.month = fits_in_force.month
    left join profiles
        on
            with_obstacles.customer_id = profiles.customer_id
            and with_obstacles.month = profiles.month
    left join scored
        on
            with_obstacles.customer_id = scored.customer_id
            and with_obstacles.month = scored.month

),

cvar_assessed as (

    select
        customer_id,
        month,
        specialty,
        segment,
        territory,
        state,
        case
            when model_version is null then 'uncalibrated'
            when keeps_experience then 'calibrated'
            else 'no_experience_effect'
        end as calibration_status,
        {% for quarter in [1, 2, 3, 4] -%}
        retained_share_q{{ quarter }},
        {% endfor -%}
        {% for quarter in [1, 2, 3, 4] -%}
        reference_share_q{{ quarter }},
        {% endfor -%}
        cast(gross_cvar as {{ money_type() }}) as gross_cvar,
        cast(gross_cvar_low as {{ money_type() }}) as gross_cvar_low,
        cast(gross_cvar_high as {{ money_type() }}) as gross_cvar_high,
        cast(
            case when experience_gap is not null then greatest(0, experience_gap) end
            as {{ money_type() }}
        ) as experience_cvar,
        cast(experience_cvar_low as {{ money_type() }}) as experience_cvar_low,
        cast(experience_cvar_high as {{ money_type() }}) as experience_cvar_high,
        cast(
            case when experience_gap is not null then greatest(0, -experience_gap) end
            as {{ money_type() }}
        ) as value_protected,
        cvar_rate,
        cast(
            case
                when model_version is null then null
                when has_obstacle
                    then greatest(0, contribution_trust) + greatest(0, contribution_overdue)
                else 0
            end as {{ money_type() }}
        ) as recoverable_cvar,
        model_version,
        fitted_as_of
    from joined

)

select * from cvar_assessed
