-- One row per month from the first event of any customer to the panel's last month.

-- Counted back from the last month: should a misdated event reach back further than the numbers do,
-- the panel loses its dawn and not the present.

with

customers_first_seen as (

    select * from {{ ref('int_customers_first_seen') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

generated_series as (

    {{ dbt.generate_series(4096) | indent }}

),

bounds as (

    select
        reporting_period.last_month,
        min(customers_first_seen.first_event_on) as first_event_on
    from customers_first_seen
    cross join reporting_period
    group by reporting_period.last_month

),

months as (

    select
        cast(
            {{ dbt.dateadd(
                'month',
                'cast(1 - generated_series.generated_number as ' ~ dbt.type_int() ~ ')',
                'bounds.last_month'
            ) }} as date
        ) as month
    from generated_series
    inner join bounds
        on
            generated_series.generated_number
            <= {{ dbt.datediff(
                'bounds.first_event_on', 'bounds.last_month', 'month'
            ) }} + 1

),

months_bounded as (

    select
        month,
        row_number() over (order by month) as month_number,
        cast({{ dbt.dateadd('month', 1, 'month') }} as date) as next_month,
        cast({{ dbt.last_day('month', 'month') }} as date) as last_day_on
    from months

)

select * from months_bounded
