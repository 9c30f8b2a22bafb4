-- One row per customer and range of days in which the customer's attributes did not change.

with

customers_versioned as (

    select * from {{ ref('int_customers_versioned') }}

),

dim_customer_history as (

    select
        customer_id,
        valid_from,
        valid_to,
        specialty,
        segment,
        territory,
        state,
        organization_id,
        is_pdrp_opt_out
    from customers_versioned

)

select * from dim_customer_history
