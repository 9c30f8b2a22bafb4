-- One row per outbound touch that came shortly after another function's touch of the same customer
-- about the same product.

with

interactions as (

    select * from {{ ref('int_interactions_unioned') }}

),

touches as (

    select
        interaction_id,
        customer_id,
        product_id,
        function,
        occurred_at,
        source_row_id,
        lag(function) over touches_in_turn as previous_function,
        lag(occurred_at) over touches_in_turn as previous_occurred_at
    from interactions
    where
        direction = 'outbound'
        and customer_id is not null
        and product_id is not null
        and function is not null
    window touches_in_turn as (
        partition by customer_id, product_id
        order by occurred_at, interaction_id
    )

),

-- The latest touch of another function is the last one before this function's turn began: times
-- only grow, so the greatest so far is that of the latest change of turns.
turns as (

    select
        interaction_id,
        customer_id,
        occurred_at,
        source_row_id,
        max(case when function <> previous_function then previous_occurred_at end) over (
            partition by customer_id, product_id
            order by occurred_at, interaction_id
            rows between unbounded preceding and current row
        ) as other_function_occurred_at
    from touches

),

duplicate_touches as (

    select
        interaction_id,
        customer_id,
        other_function_occurred_at,
        occurred_at,
        source_row_id
    from turns
    where
        occurred_at
        <= {{ dbt.dateadd('hour', var('duplicate_touch_hours'), 'other_function_occurred_at') }}

)

select * from duplicate_touches
