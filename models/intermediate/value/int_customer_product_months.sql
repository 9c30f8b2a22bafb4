-- One row per customer, product and month, from the first month that a fill of the product accrues
-- in to the panel's last month.

with

customer_months as (

    select * from {{ ref('int_customer_months') }}

),

fills_accrued as (

    select * from {{ ref('int_fills_accrued') }}

),

-- Value of a product that the list lacks is value all the same: without it the products would not
-- add up to the customer.
accrued as (

    select
        customer_id,
        coalesce(product_id, 'unknown') as product_id,
        month,
        sum(accrued_value) as accrued_value
    from fills_accrued
    where customer_id is not null
    group by customer_id, coalesce(product_id, 'unknown'), month

),

first_months as (

    select
        accrued.customer_id,
        accrued.product_id,
        min(accrued.month) as first_month
    from accrued
    inner join customer_months
        on
            accrued.customer_id = customer_months.customer_id
            and accrued.month = customer_months.month
    group by accrued.customer_id, accrued.product_id

),

months_with_value as (

    select
        first_months.customer_id,
        first_months.product_id,
        customer_months.month,
        customer_months.next_month,
        coalesce(accrued.accrued_value, 0) as accrued_value
    from first_months
    inner join customer_months
        on
            first_months.customer_id = customer_months.customer_id
            and first_months.first_month <= customer_months.month
    left join accrued
        on
            first_months.customer_id = accrued.customer_id
            and first_months.product_id = accrued.product_id
            and customer_months.month = accrued.month

),

-- The panel has no gaps, so that frames of rows are frames of months.
customer_product_months as (

    select
        customer_id,
        product_id,
        month,
        cast({{ dbt.dateadd('day', -1, 'next_month') }} as date) as month_ends_on,
        cast(accrued_value as {{ money_type() }}) as accrued_value,
        cast(
            sum(accrued_value) over (
                partition by customer_id, product_id
                order by month
                rows between {{ var('active_window_months') - 1 }} preceding and current row
            ) as {{ money_type() }}
        ) as active_window_value
    from months_with_value

)

select * from customer_product_months
