-- One row per customer and month in which the customer was won, for the first time or back.

with

customers_won as (

    select * from {{ ref('int_customers_won') }}

),

fct_customers_won as (

    select
        customer_id,
        month,
        kind,
        coalesce(territory, 'unassigned') as territory,
        acquisition_cost,
        break_even_month,
        months_to_break_even,
        is_break_even_decided,
        is_broken_even
    from customers_won

)

select * from fct_customers_won
