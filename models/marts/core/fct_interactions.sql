-- One row per interaction of the company with a customer or an organisation.

with

interactions as (

    select * from {{ ref('int_interactions_unioned') }}

),

fct_interactions as (

    select
        interaction_id,
        interaction_type,
        customer_id,
        organization_id,
        occurred_at,
        function,
        channel,
        direction,
        is_two_way,
        product_id,
        campaign,
        touch_cost,
        customer_minutes,
        source_system,
        source_row_id
    from interactions

)

select * from fct_interactions
