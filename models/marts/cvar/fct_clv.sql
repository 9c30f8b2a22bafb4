-- One row per customer and month: margin so far, what winning the customer cost, and what history
-- adds.

with

lifetimes as (

    select * from {{ ref('int_lifetimes_valued') }}

),

profiles as (

    select * from {{ ref('int_customer_months_profiled') }}

),

fct_clv as (

    select
        lifetimes.customer_id,
        lifetimes.month,
        profiles.specialty,
        profiles.segment,
        profiles.territory,
        profiles.state,
        lifetimes.margin_to_date,
        lifetimes.acquisition_cost,
        lifetimes.residual,
        lifetimes.clv
    from lifetimes
    left join profiles
        on
            lifetimes.customer_id = profiles.customer_id
            and lifetimes.month = profiles.month

)

select * from fct_clv
