-- Months and territories in which unit economics disagree with the marts of their parts: customers
-- won, what winning them cost, hidden tax; and touch cost and realized value, of all territories
-- together, because interactions know none.
with

unit_economics as (

    select * from {{ ref('fct_unit_economics') }}

),

customers_won as (

    select * from {{ ref('fct_customers_won') }}

),

hidden_tax as (

    select * from {{ ref('fct_hidden_tax') }}

),

interactions as (

    select * from {{ ref('fct_interactions') }}

),

customer_values as (

    select * from {{ ref('fct_customer_value') }}

),

months as (

    select * from {{ ref('dim_months') }}

),

parts as (

    select
        'customers won' as part,
        month,
        territory,
        new_customers + reactivated_customers as own,
        0 as other
    from unit_economics
    union all
    select
        'customers won' as part,
        month,
        territory,
        0 as own,
        1 as other
    from customers_won
    union all
    select
        'cost of winning' as part,
        month,
        territory,
        acquisition_cost + reacquisition_cost as own,
        0 as other
    from unit_economics
    union all
    select
        'cost of winning' as part,
        month,
        territory,
        0 as own,
        acquisition_cost as other
    from customers_won
    union all
    select
        'hidden tax' as part,
        month,
        territory,
        hidden_tax_cost as own,
        0 as other
    from unit_economics
    union all
    select
        'hidden tax' as part,
        month,
        territory,
        0 as own,
        hidden_tax_cost as other
    from hidden_tax
    union all
    select
        'touch cost' as part,
        month,
        'all' as territory,
        touch_cost as own,
        0 as other
    from unit_economics
    union all
    select
        'touch cost' as part,
        cast({{ dbt.date_trunc('month', 'occurred_at') }} as date) as month,
        'all' as territory,
        0 as own,
        touch_cost as other
    from interactions
    where
        direction = 'outbound'
        and customer_id is not null
    union all
    select
        'realized value' as part,
        month,
        'all' as territory,
        realized_value as own,
        0 as other
    from unit_economics
    union all
    select
        'realized value' as part,
        month,
        'all' as territory,
        0 as own,
        realized_value as other
    from customer_values

),

-- The month in which the world ends is not in the panel unless it is over; a year's value is not
-- known before the panel has a year.
panel_parts as (

    select parts.*
    from parts
    inner join months
        on parts.month = months.month
    where
        parts.part <> 'realized value'
        or months.month_number >= {{ var('realized_window_months') }}

)

select
    part,
    month,
    territory,
    sum(own) as own,
    sum(other) as other
from panel_parts
group by part, month, territory
having sum(own) <> coalesce(sum(other), 0)
