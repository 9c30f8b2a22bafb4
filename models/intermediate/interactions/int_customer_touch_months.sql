-- One row per customer and month with an interaction: how often the customer was touched, what that
-- cost, and how often the customer answered or took the first step.

with

interactions as (

    select * from {{ ref('int_interactions_unioned') }}

),

customer_touch_months as (

    select
        customer_id,
        cast({{ dbt.date_trunc('month', 'occurred_at') }} as date) as month,
        count(case when direction = 'outbound' then 1 end) as outbound_touches,
        count(case when direction = 'outbound' and function = 'marketing' then 1 end)
            as marketing_touches,
        count(*) as interactions,
        count(case when is_two_way then 1 end) as two_way_interactions,
        cast(
            coalesce(sum(case when direction = 'outbound' then touch_cost end), 0)
            as {{ money_type() }}
        ) as touch_cost
    from interactions
    where customer_id is not null
    group by customer_id, cast({{ dbt.date_trunc('month', 'occurred_at') }} as date)

)

select * from customer_touch_months
