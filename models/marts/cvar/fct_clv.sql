-- One row per customer and month: margin so far, what winning the customer cost, and what history
-- adds.

with

lifetimes as (

    select * from {{ ref('int_lifetimes_valued') }}

),

fct_clv as (

    select
        customer_id,
        month,
        margin_to_date,
        acquisition_cost,
        residual,
        clv
    from lifetimes

)

select * from fct_clv
