-- One row per customer and month with a covered day: what the customer's fills accrue there.

with

fills_accrued as (

    select * from {{ ref('int_fills_accrued') }}

),

-- A patient with fills of two payer types in a month is covered by both.
patient_months as (

    select
        customer_id,
        month,
        patient_key,
        sum(accrued_value) as accrued_value,
        sum(accrued_margin) as accrued_margin,
        sum(last_day_value) as last_day_value,
        max(case when payer_type = 'MEDICAID' then 1 else 0 end) as is_medicaid,
        max(case when payer_type = 'MEDICARE_D' then 1 else 0 end) as is_medicare_d
    from fills_accrued
    where customer_id is not null
    group by customer_id, month, patient_key

),

customer_months_accrued as (

    select
        customer_id,
        month,
        cast(sum(accrued_value) as {{ money_type() }}) as accrued_value,
        cast(sum(accrued_margin) as {{ money_type() }}) as accrued_margin,
        cast(sum(last_day_value) as {{ money_type() }}) as last_day_value,
        count(patient_key) as active_patients,
        sum(case when patient_key is null then 0 else is_medicaid end) as medicaid_patients,
        sum(case when patient_key is null then 0 else is_medicare_d end) as medicare_d_patients
    from patient_months
    group by customer_id, month

)

select * from customer_months_accrued
