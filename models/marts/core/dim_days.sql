-- One row per calendar day of the panel's months: the time line that metrics are counted along. The
-- month under way has no day here, so that no half of a month is compared with a whole one.

with

business_days as (

    select * from {{ ref('int_business_days') }}

),

months as (

    select * from {{ ref('int_months') }}

),

bounds as (

    select
        min(month) as first_day,
        max(last_day_on) as last_day
    from months

),

dim_days as (

    select
        business_days.day,
        cast({{ dbt.date_trunc('month', 'business_days.day') }} as date) as month,
        business_days.is_business_day
    from business_days
    inner join bounds
        on business_days.day between bounds.first_day and bounds.last_day

)

select * from dim_days
