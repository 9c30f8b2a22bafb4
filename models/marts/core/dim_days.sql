-- One row per calendar day from the panel's first month to the as-of date: the time spine.

with

business_days as (

    select * from {{ ref('int_business_days') }}

),

months as (

    select * from {{ ref('int_months') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

bounds as (

    select
        min(months.month) as first_month,
        max(reporting_period.as_of_date) as as_of_date
    from months
    cross join reporting_period

),

dim_days as (

    select
        business_days.day,
        cast({{ dbt.date_trunc('month', 'business_days.day') }} as date) as month,
        business_days.is_business_day
    from business_days
    inner join bounds
        on business_days.day between bounds.first_month and bounds.as_of_date

)

select * from dim_days
