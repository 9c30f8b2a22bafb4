-- One row per customer and month, from the month of the customer's first interaction, case or fill
-- to the panel's last month, without gaps.

with

customers_first_seen as (

    select * from {{ ref('int_customers_first_seen') }}

),

months as (

    select * from {{ ref('int_months') }}

),

customer_months as (

    select
        customers_first_seen.customer_id,
        months.month,
        months.next_month
    from customers_first_seen
    inner join months
        on customers_first_seen.first_event_on < months.next_month

)

select * from customer_months
