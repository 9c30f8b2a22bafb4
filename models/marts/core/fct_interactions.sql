-- One row per interaction of the company with a customer or an organisation.

with

interactions as (

    select * from {{ ref('int_interactions_unioned') }}

),

duplicate_touches as (

    select * from {{ ref('int_duplicate_touches') }}

),

fct_interactions as (

    select
        interactions.interaction_id,
        interactions.interaction_type,
        interactions.customer_id,
        interactions.organization_id,
        interactions.occurred_at,
        interactions.function,
        interactions.channel,
        interactions.direction,
        interactions.is_two_way,
        duplicate_touches.interaction_id is not null as is_duplicate_touch,
        interactions.product_id,
        interactions.campaign,
        interactions.touch_cost,
        interactions.customer_minutes,
        interactions.source_system,
        interactions.source_row_id
    from interactions
    left join duplicate_touches
        on interactions.interaction_id = duplicate_touches.interaction_id

)

select * from fct_interactions
