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
        valued.is_active,
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
        with_obstacles.has_obstacle,
        fits_in_force.model_version,
        fits_in_force.fitted_as_of,
        fits_in_force.keeps_experience,
        fits_in_force.month is not null as is_calibrated,
        scored.*
    from with_obstacles
    left join fits_in_force
        on with_obstacles.month = fits_in_force.month
    left join scored
        on
            with_obstacles.customer_id = scored.customer_id
            and with_obstacles.month = scored.month

)

select * from joined
