-- One row per customer and month with a covered day: what the customer's fills accrue there.

with

fills_accrued as (

    select * from {{ ref('int_fills_accrued') }}

),

customer_months_accrued as (

    select
        customer_id,
        month,
        cast(sum(accrued_value) as {{ money_type() }}) as accrued_value
    from fills_accrued
    where customer_id is not null
    group by customer_id, month

)

select * from customer_months_accrued
