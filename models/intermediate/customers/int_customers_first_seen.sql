-- One row per customer with an interaction or a fill: the day of the first one.

with

interactions as (

    select * from {{ ref('int_interactions_unioned') }}

),

fills as (

    select * from {{ ref('int_fills_resolved') }}

),

events as (

    select
        customer_id,
        cast(min(occurred_at) as date) as first_event_on
    from interactions
    where customer_id is not null
    group by customer_id
    union all
    select
        customer_id,
        min(shipped_on) as first_event_on
    from fills
    where customer_id is not null
    group by customer_id

),

customers_first_seen as (

    select
        customer_id,
        min(first_event_on) as first_event_on
    from events
    group by customer_id

)

select * from customers_first_seen
