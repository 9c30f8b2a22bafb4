-- One row per month of the panel: from any customer's first event to the last month that ended.

with

months as (

    select * from {{ ref('int_months') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

dim_months as (

    select
        months.month,
        months.last_day_on,
        cast({{ dbt.date_trunc('quarter', 'months.month') }} as date) as quarter,
        cast({{ dbt.date_trunc('year', 'months.month') }} as date) as year,
        months.month_number,
        {{ dbt.datediff(
            'months.month', 'months.next_month', 'day'
        ) }} as days_in_month,
        months.month = reporting_period.last_month as is_last_month
    from months
    cross join reporting_period

)

select * from dim_months
