-- One row per customer and month of the panel: what the customer was like on the month's last day.

with

customer_months as (

    select * from {{ ref('int_customer_months') }}

),

customers_versioned as (

    select * from {{ ref('int_customers_versioned') }}

),

customer_months_ended as (

    select
        customer_id,
        month,
        cast({{ dbt.dateadd('day', -1, 'next_month') }} as date) as month_ends_on
    from customer_months

),

customer_months_profiled as (

    select
        customer_months_ended.customer_id,
        customer_months_ended.month,
        customers_versioned.specialty,
        customers_versioned.segment,
        customers_versioned.territory,
        customers_versioned.state
    from customer_months_ended
    left join customers_versioned
        on
            customer_months_ended.customer_id = customers_versioned.customer_id
            and {{ is_valid_on('customers_versioned', 'customer_months_ended.month_ends_on') }}

)

select * from customer_months_profiled
